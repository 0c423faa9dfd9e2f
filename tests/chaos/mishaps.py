"""What befalls devices, the history and the books: wiped, moved and wrong devices, restores, laggards, lies."""

from __future__ import annotations

import contextlib
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import psycopg
from celery import Celery
from kombu.exceptions import KombuError
from uuid_utils.compat import uuid7

from shared.clock import business_day, now
from shared.config import SERVICES
from shared.events.subscribers import consumers_of, subscription
from shared.events.training import SkillGranted
from shared.local.running import frozen
from shared.messaging.batch import Batch, cloud_event
from shared.messaging.celery import TASK
from tests.chaos.faults import Fault
from tests.chaos.register import Register
from tests.chaos.stage import COPIES, Stage

MOST_FOREIGN = 20_000  # events that nobody listens to, at once: some ten minutes of a city's trade


def hold_snapshot(stage: Stage, dice: random.Random) -> str:
    """A transaction that saw each database as it is now stays open until the faults are over, as a backup's does."""
    return "begun" if stage.snapshot.begin(stage.running.database_url) else "held already"


def be_far_behind(stage: Stage, dice: random.Random) -> str:
    """A consumer stands still while its source logs thousands of events that are not for it."""
    source = dice.choice(SERVICES)
    consumer, count = dice.choice(consumers_of(source)), dice.randint(2_000, MOST_FOREIGN)
    pids = [stage.running.pid(f"{consumer}-{kind}{copy}") for kind in ("worker", "courier") for copy in COPIES]
    with frozen(*pids, below=False), contextlib.suppress(psycopg.Error):
        with psycopg.connect(stage.running.database_url(source), connect_timeout=3) as connection:
            connection.execute(_FOREIGN, (count,))
        time.sleep(dice.uniform(2, 6))
    return f"{consumer} of {source}, {count:,} events"


_FOREIGN = """
    INSERT INTO outbox (event_id, type, subject, time, traceparent, data)
    SELECT gen_random_uuid(), 'lapak.' || source || '.Elsewhere.v1', 'elsewhere', now(),
           '00-00000000000000000000000000000002-0000000000000002-01', '{}'
      FROM stream, generate_series(1, %s)
"""


def _befall(stage: Stage, dice: random.Random, what: Callable[[Register], None]) -> str:
    register = dice.choice(stage.registers)
    register.mishaps.put(lambda: what(register))
    return register.code


def wipe_tablet(stage: Stage, dice: random.Random) -> str:
    """A register loses all its memory, with receipts that it has not sent, and begins anew as the same register.

    Not in a run with a restore: what a wiped device had sent, and the server has lost, nobody has any more.
    """
    return _befall(stage, dice, Register.is_wiped) if stage.may("wipe-tablet", "restore") else "not after a restore"


def wrong_clock(stage: Stage, dice: random.Random) -> str:
    """A register sells by a clock that is off by years; it is put right before all of that was sent."""
    return _befall(stage, dice, Register.has_a_wrong_clock)


def move_register(stage: Stage, dice: random.Random) -> str:
    """A register is carried to another outlet with sales that it has not sent."""
    return _befall(stage, dice, Register.is_moved)


def restore(stage: Stage, dice: random.Random) -> str:
    """A backup, some seconds of trade, and the backup is put back; all clients say again what they have said."""
    if not stage.may("restore", "wipe-tablet"):
        return "not after a wiped tablet"
    with tempfile.TemporaryDirectory(prefix="lapak-backup-") as folder:
        made = stage.running.run("backup", folder)
        if made.returncode != 0:
            return f"not backed up: {made.stderr.splitlines()[-1:]}"
        time.sleep(dice.uniform(1, 4))
        put = stage.running.run("restore", made.stdout.splitlines()[-1], "--yes")
    if put.returncode != 0:
        return f"not restored: {put.stderr.splitlines()[-1:]}"
    stage.restored += 1
    return Path(made.stdout.splitlines()[-1]).name


def forge_batch(stage: Stage, dice: random.Random) -> str:
    """Somebody puts a batch on inventory's queue, in training's name: a skill that training has never granted."""
    query = "SELECT epoch, last_seq FROM stream"
    try:
        with psycopg.connect(stage.running.database_url("training", owner=True), connect_timeout=3) as connection:
            (epoch, last) = connection.execute(query).fetchall()[0]
        _put(stage, _forged(epoch, last + 1))
    except (psycopg.Error, KombuError, OSError) as error:
        return f"not put: {type(error).__name__}"
    stage.forged += 1
    return f"training {last + 1}"


def _forged(epoch: UUID, seq: int) -> Batch:
    granted = SkillGranted(
        worker_ref="wforged01", skill="forged", basis="certificate", reference=str(uuid7()),
        valid_from=business_day(now()), valid_until=None, version=1,
    )  # fmt: skip
    event = cloud_event(
        source="training", seq=seq, event_id=uuid7(), type=granted.type_name(), subject="wforged01", time=now(),
        traceparent="00-00000000000000000000000000000003-0000000000000003-01", data=granted.to_data(),
    )  # fmt: skip
    types = subscription("inventory", "training")
    return Batch("training", epoch, seq, seq + 1, types, (event,), UUID(event["id"]), {})


def _put(stage: Stage, batch: Batch) -> None:
    """As the relay does, by whoever has the password of Redis and no key."""
    app = Celery("forger", set_as_current=False, broker=stage.running.redis_url)
    app.conf.update(task_serializer="lapak-json", task_compression="zlib", task_publish_retry=False)
    app.conf.broker_transport_options = {"socket_timeout": 1, "socket_connect_timeout": 1, "max_retries": 0}
    with contextlib.closing(app):
        app.send_task(TASK, kwargs={"batch": batch.to_wire()}, queue="inventory", declare=[], retry=False)


MISHAPS: dict[str, Fault] = {
    "hold-snapshot": hold_snapshot,
    "far-behind": be_far_behind,
    "wipe-tablet": wipe_tablet,
    "wrong-clock": wrong_clock,
    "move-register": move_register,
    "forge-batch": forge_batch,
    "restore": restore,
}
