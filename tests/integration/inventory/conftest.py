"""What inventory's tests share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.db import Database
from tests.integration.inventory.goods import Goods


@pytest.fixture
def goods(database_for: Callable[..., Database]) -> Goods:
    """A workshop with a product and a maker who may make it, and the people around it."""
    return Goods(database_for("inventory")).begin()
