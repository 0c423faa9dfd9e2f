"""An inventory whose handler misbehaves on certain sales, for real processes. What they do is noted in `effect`.

Worker `tests.chaos.poisonous:celery`, courier `tests.chaos.poisonous:consumer`, web `tests.chaos.poisonous:create_web`.
The file `fixed` in the folder POISONOUS makes the handler behave; the file `cause` is what a waiting sale waits for.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import text

import services.sales.handlers
import services.training.handlers
from services.system.wsgi import Mounted
from shared.db import Session
from shared.events.sales import SaleRecorded
from shared.events.subscribers import SUBSCRIBERS
from shared.events.training import SkillGranted
from shared.http import create_app
from shared.http.app import web_database
from shared.messaging import CauseMissing, Consumer, Handlers
from shared.messaging.celery import create_worker
from shared.messaging.routes import blueprint
from tests.chaos.plant import CROWDS, HANGS, KILLS, RAISES, STALLS, WAITS_THEN_KILLS


def _raise(_session: Session, _sales: Sequence[SaleRecorded]) -> None:
    raise ValueError("cannot take this one")


def _kill(_session: Session, _sales: Sequence[SaleRecorded]) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _stall(session: Session, _sales: Sequence[SaleRecorded]) -> None:
    session.execute(text("SELECT pg_sleep(3600)"))


def _hang(_session: Session, _sales: Sequence[SaleRecorded]) -> None:
    threading.Event().wait()


def _wait_then_kill(session: Session, sales: Sequence[SaleRecorded]) -> None:
    if not _told("cause"):
        raise CauseMissing("its lot")
    _kill(session, sales)


def _crowd(session: Session, sales: Sequence[SaleRecorded]) -> None:
    """Too slow for a whole batch on this machine, quick enough for one."""
    if len(sales) > 1:
        _stall(session, sales)


MISBEHAVIOUR: dict[int, Callable[[Session, Sequence[SaleRecorded]], None]] = {
    RAISES: _raise,
    KILLS: _kill,
    STALLS: _stall,
    HANGS: _hang,
    WAITS_THEN_KILLS: _wait_then_kill,
    CROWDS: _crowd,
}


def _told(name: str) -> bool:
    return (Path(os.environ["POISONOUS"]) / name).exists()


def _note(session: Session, ids: Sequence[Any]) -> None:
    session.execute(text("INSERT INTO effect (sale_id) SELECT unnest(CAST(:ids AS uuid[]))"), {"ids": ids})


def _ignore(_session: Session, _event: object) -> None:
    return None


handles = Handlers()


@handles.many(SaleRecorded)
def on_sales(session: Session, sales: Sequence[SaleRecorded]) -> None:
    """Note them, then misbehave: what was done before must not last."""
    _note(session, [one.sale_id for one in sales])
    for one in sales:
        if one.register_no in MISBEHAVIOUR and not _told("fixed"):
            MISBEHAVIOUR[one.register_no](session, sales)


@handles(SkillGranted)
def on_skill_granted(session: Session, event: SkillGranted) -> None:
    """Another service's events, that nothing is wrong with."""
    _note(session, [event.reference])


for _event, _names in SUBSCRIBERS.items():
    if "inventory" in _names and _event.type_name() not in handles.by_type:
        handles(_event)(_ignore)

consumer = Consumer("inventory", handles)
celery = create_worker(consumer)


def create_web() -> Mounted:
    """The feeds of sales and training, and the console of this inventory: nothing but their event planes."""
    listeners = {
        "sales": services.sales.handlers.consumer,
        "training": services.training.handlers.consumer,
        "inventory": consumer,
    }
    return Mounted(
        {
            name: create_app(name, title=name, blueprints=[blueprint(listener)], database=web_database(name))
            for name, listener in listeners.items()
        }
    )
