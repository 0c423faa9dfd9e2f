"""Redis's users, one for each kind of process, and what each may do there (docs/trust.md).

A worker takes from its own queue; a courier puts on those of its subscribers, and reads nothing; a web process counts
what waits. Which commands kombu needs was found by watching it (tests/trust/test_redis_users.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from shared.config import SERVICES

WEB, FLOWER, HEALTH = "web", "flower", "health"
USERS: Final = (
    WEB,
    *(f"{service}-{kind}" for service in SERVICES for kind in ("worker", "courier")),
    FLOWER,
    HEALTH,
)

_CONNECT = "+ping +select +client|setinfo +client|setname +hello +auth"
#: What Celery's workers tell monitors, where LAPAK_CELERY_EVENTS is set.
_EVENTS = "&/*.celeryev/*"


def unacked_key(service: str) -> str:
    """The Redis hash of messages that the service's workers hold and have not finished."""
    return f"lapak.{service}.unacked"


def acl(passwords: Mapping[str, str], administrator: str) -> str:
    """The content of Redis's `aclfile`: users, with hashes of passwords; `default` (administrator) may do all."""
    lines = [f"user default on {_hash(administrator)} ~* &* +@all"]
    lines += [
        f"user {name} on {_hash(password)} resetchannels -@all {_rights(name)}" for name, password in passwords.items()
    ]
    return "\n".join(lines) + "\n"


def users_of(secrets: Mapping[str, str]) -> dict[str, str]:
    """Their passwords, out of the secrets of a system."""
    return {user: secrets[f"redis_{user}"] for user in USERS}


def _rights(user: str) -> str:
    from shared.events.subscribers import consumers_of  # here: the supervisor does without

    service, _, kind = user.partition("-")
    if kind == "worker":
        return _worker(service)
    if kind == "courier":
        told = "".join(
            f" (%W~{consumer} +lpush) (%R~{consumer} +llen) (%R~{unacked_key(consumer)} +hlen)"
            for consumer in consumers_of(service)
        )
        return _CONNECT + told
    if user == WEB:
        return _CONNECT + "".join(f" (%R~{service} +llen)" for service in SERVICES)
    if user == FLOWER:
        return _flower()
    return "+ping"


def _worker(service: str) -> str:
    held = unacked_key(service)
    keys = f"~{service} ~{held} ~{held}_index ~_kombu.binding.{service} ~_kombu.binding_permanent.{service}"
    takes = "+llen +brpop +hset +hget +hdel +zadd +zrem +sadd +multi +exec"
    # Who sweeps up after dead workers holds redis-py's lock, freed by a script; what a script calls is checked, too.
    sweeps = f"+zrange +watch +unwatch +lpush +rpush +script|load (~{held}_mutex +set +get +del +evalsha)"
    return f"{_CONNECT} {keys} {takes} {sweeps} {_EVENTS} +publish"


def _flower() -> str:
    """It hears of workers by queues of its own, and asks them by a channel on which ours do not listen."""
    queues = "".join(f" (%R~{service} +llen)" for service in SERVICES)
    own = (
        "~celeryev.* ~*.reply.celery.pidbox* ~_kombu.binding*celeryev ~_kombu.binding*pidbox ~_kombu.binding_deadlines"
    )
    takes = "+sadd +srem +smembers +scard +exists +llen +del +brpop +rpop +zadd +zrem +zrange +zrangebyscore +zscore"
    own += " ~unacked ~unacked_index ~unacked_mutex"  # its own messages, under kombu's usual names
    takes += (
        " +set +get +hget +watch +unwatch +hset +hdel +multi +exec +time +pexpire +evalsha +script|load +script|exists"
    )
    return f"{_CONNECT} {own} {takes} &/0.celeryev/* &/0.celery.pidbox* +publish +psubscribe +punsubscribe{queues}"


def _hash(password: str) -> str:
    return "#" + hashlib.sha256(password.encode()).hexdigest()
