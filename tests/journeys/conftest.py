"""A whole running system, in which the demo's story was told once."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from services.system.demo import reference
from services.system.demo.story import Step, Story
from shared.local.running import Running


class Told(Story):
    """A story that was told: its steps, and what each service believed when it ended. Other tests sell on."""

    steps: list[Step]
    beliefs: Beliefs


class Beliefs(NamedTuple):
    """Inventory's stock of the lot by location, what sales can sell of it, what training knows was practised."""

    stock: dict[str, Any]
    available: Any
    practised: Any


@pytest.fixture(scope="session")
def story(system: Running) -> Told:
    """The demo's people, with the reference data loaded and the story told."""
    told = Told(system.url)
    reference.load(staff=told.staff, instructor=told.instructor, city=told.city)
    told.steps = list(told.tell())
    told.beliefs = Beliefs(told.stock(), told.available(), told.practised())
    return told
