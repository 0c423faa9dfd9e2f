"""A producer and a consumer that are nothing but event plane."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from shared.local.cluster import DatabaseUrls
from shared.messaging import reconciler as reconciling
from shared.messaging.reconciler import Reconciler
from tests.integration.messaging.plane import Plane, make_plane_database


@pytest.fixture
def plane(blank_database: Callable[..., DatabaseUrls], redis_url: str) -> Iterator[Plane]:
    """Two fresh databases, each with the plane's tables; both ends work as the owner."""
    producer, consumer = (make_plane_database(blank_database(name, []).owner, name) for name in ("sales", "inventory"))
    yield Plane(producer, consumer)
    for database in (producer, consumer):
        database.dispose()


@pytest.fixture
def reconciler(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reconciler]:
    """A reconciler that reaches the producer's real feed in this process."""
    monkeypatch.setenv("LAPAK_SALES_URL", "http://feed/sales")
    monkeypatch.setattr(reconciling, "PATIENCE", 0.0)  # the wait itself is measured by the chaos rig
    transport = httpx.WSGITransport(app=plane.app("sales"))
    with httpx.Client(transport=transport) as client:
        yield Reconciler(plane.consumer, plane.consumer_database, client=client)
