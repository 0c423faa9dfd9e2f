"""A whole running system, in which the demo's story was told once."""

from __future__ import annotations

import pytest

from services.system.demo import reference
from services.system.demo.story import Step, Story
from shared.local.running import Running


class Told(Story):
    """A story that was told, with its steps."""

    steps: list[Step]


@pytest.fixture(scope="session")
def story(system: Running) -> Told:
    """The demo's people, with the reference data loaded and the story told."""
    told = Told(system.url)
    reference.load(staff=told.staff, instructor=told.instructor, city=told.city)
    told.steps = list(told.tell())
    return told
