"""Containers for real, where a docker engine is at hand; `.ci/run` brings one where it can."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.compose.stack import Stack, engine_complaint, removed_at_the_end


@pytest.fixture(scope="session")
def engine() -> None:
    """A docker engine; without one the test is skipped, and says why."""
    if complaint := engine_complaint():
        pytest.skip(f"NOT RUN, containers need a docker engine: {complaint}")


@pytest.fixture(scope="package")
def stack(engine: None, keys: None) -> Iterator[Stack]:
    """A project as a fresh clone starts it: built, up and healthy. Tests leave it so; gone with the last of them."""
    with removed_at_the_end(Stack(f"lapak-test-{os.getpid()}")) as found:
        found.up("--build")
        yield found
