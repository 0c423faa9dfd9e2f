"""Containers for real, where a docker engine is at hand; `.ci/run` brings one where it can."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from tests.compose.stack import Stack, engine_complaint, removed_at_the_end, tokens_of


@pytest.fixture(scope="session")
def engine() -> None:
    """A docker engine; without one the test is skipped, and says why."""
    if complaint := engine_complaint():
        pytest.skip(f"NOT RUN, containers need a docker engine: {complaint}")


@pytest.fixture(scope="module")
def stack(engine: None, keys: None, request: pytest.FixtureRequest) -> Iterator[Stack]:
    """A project of this module's own, as a fresh clone starts it: built, up and healthy."""
    name = f"lapak-{request.module.__name__.rpartition('.')[2].replace('_', '-')}-{os.getpid()}"
    with removed_at_the_end(Stack(name)) as found:
        found.up("--build")
        with tokens_of(found):
            yield found
