"""An idle system is quiet: a relay that has nothing to do looks seldom, and often as soon as there is something."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from shared.db import Database
from shared.messaging import relay as module
from tests.integration.messaging.plane import Plane, sale
from tests.waiting import until


class _Noting(threading.Event):
    """A flag that notes for how long it was waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout or 0.0)
        return super().wait(timeout)


@pytest.mark.usefixtures("redis_url")
def test_it_looks_seldom_when_nothing_came_for_a_while_and_often_again_after_something(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "QUIET", 0.3)
    database = Database(plane.producer.url, pool_size=2, options=module.SESSION_OPTIONS)
    stop, relay = _Noting(), module.Relay("sales", database)
    thread = threading.Thread(target=relay.run, args=(stop,))
    thread.start()
    try:
        until("it looks seldom", lambda: stop.pauses[-1:] == [module.QUIET_POLL])
        longest_of_a_busy_one = [pause for pause in stop.pauses[:3] if pause > module.IDLE_POLL]
        plane.announce(sale(1))
        until("it is logged", lambda: _logged(plane) == 1)
        looked = len(stop.pauses)
        until("it looks again", lambda: len(stop.pauses) > looked + 1)
    finally:
        stop.set()
        thread.join()
        database.dispose()
    assert longest_of_a_busy_one == []
    assert min(stop.pauses[looked - 1 :]) <= module.IDLE_POLL


def _logged(plane: Plane) -> int:
    with plane.producer.transaction() as session:
        return int(session.scalar(text("SELECT count(*) FROM event_log")) or 0)
