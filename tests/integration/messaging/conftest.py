"""A producer and a consumer that are nothing but event plane."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from shared.local.cluster import DatabaseUrls
from tests.integration.messaging.plane import Plane, make_plane_database


@pytest.fixture
def plane(blank_database: Callable[..., DatabaseUrls], redis_url: str) -> Iterator[Plane]:
    """Two fresh databases, each with the plane's tables; both ends work as the owner."""
    producer, consumer = (make_plane_database(blank_database(name, []).owner, name) for name in ("sales", "inventory"))
    yield Plane(producer, consumer)
    for database in (producer, consumer):
        database.dispose()
