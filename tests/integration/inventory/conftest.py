"""What inventory's tests share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from shared.db import Database
from shared.events.sales import OutletOpened
from tests.integration.inventory.desk import Desk
from tests.integration.inventory.goods import OUTLET, Goods


@pytest.fixture
def goods(database_for: Callable[..., Database]) -> Goods:
    """A workshop with a product and a maker who may make it, and the people around it."""
    return Goods(database_for("inventory")).begin()


@pytest.fixture
def staff(goods: Goods) -> Desk:
    """Somebody of staff at the pages; inventory has heard of the outlet."""
    opened = OutletOpened(outlet=OUTLET, version=1, name="Dekranasda", kind="permanent", opens_on=None, closes_on=None)
    goods.hear(opened)
    return Desk(goods.app, "staff", "staff-1")
