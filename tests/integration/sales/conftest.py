"""What sales' tests share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.db import Database
from tests.integration.sales.shop import Shop


@pytest.fixture
def shop(database_for: Callable[..., Database]) -> Shop:
    """A shop with a product, a hundred of a lot on the shelf, and an open shift."""
    return Shop(database_for("sales")).begin()
