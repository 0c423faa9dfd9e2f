"""Containers for real, where a docker engine is at hand; `.ci/run` brings one where it can."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.compose.stack import Stack, engine_complaint, removed_at_the_end


@pytest.fixture(scope="session")
def engine() -> None:
    """A docker engine; without one the test is skipped, and says why."""
    if complaint := engine_complaint():
        pytest.skip(f"NOT RUN, containers need a docker engine: {complaint}")


#: What is up for all tests of this folder.
_up = ExitStack()


@pytest.fixture(scope="session")
def stack(engine: None, keys: None) -> Iterator[Stack]:
    """A project as a fresh clone starts it: built, up and healthy. Tests leave it so."""
    with _up:
        found = _up.enter_context(removed_at_the_end(Stack(f"lapak-test-{os.getpid()}")))
        found.up("--build")
        yield found


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """With the last test of this folder it goes: a session goes on, and twelve containers would idle beside it."""
    if nextitem is None or nextitem.path.parent != item.path.parent:
        _up.close()
