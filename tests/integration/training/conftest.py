"""What training's tests share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.db import Database
from tests.integration.training.people import People


@pytest.fixture
def people(database_for: Callable[..., Database]) -> People:
    """An empty training service and those who may use it."""
    return People(database_for("training"))
