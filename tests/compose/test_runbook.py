"""Each command for containers that docs/operations.md names is run here, in the order of the page, while a shop sells."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.local.home import ROOT
from tests.compose.stack import Stack, each_sale_counts_once, people_at_work, removed_at_the_end, tokens_of
from tests.runbook import blocks

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

#: Sections of the page, in the order in which they are gone through. The last command of the first ends it all.
SECTIONS = ("Scaling", "Upgrade", "Backup and restore", "Rotating keys")
EXAMPLE = "lapak-20260302T040000Z"


@pytest.fixture(scope="module")
def own(engine: None, keys: None) -> Iterator[Stack]:
    """A project of this test's own: it is taken down by the page."""
    with removed_at_the_end(Stack(f"lapak-test-runbook-{os.getpid()}")) as stack:
        yield stack


def _commands(section: str) -> list[str]:
    found = [line for line in blocks(section) if line.startswith(("docker compose", "deploy/"))]
    assert found, f"no commands in {section}"
    return found


def _run(stack: Stack, line: str) -> str:
    """Run a line as it stands there, but for names that are only known now."""
    if EXAMPLE in line:
        line = line.replace(EXAMPLE, _newest_backup(stack))
    line = line.replace("logs --follow", "logs --tail 20").replace("KID", _newest_key(stack) if "KID" in line else "")
    return stack.run("sh", "-c", line, patience=400).stdout


def _newest_backup(stack: Stack) -> str:
    listed = stack.compose("run", "--rm", "-T", "--entrypoint", "ls", "lapak", "/backups").split()
    return max(name for name in listed if re.fullmatch(r"lapak-\d{8}T\d{6}Z", name))


def _newest_key(stack: Stack) -> str:
    listed = stack.compose("run", "--rm", "-T", "secrets", "shared.cli", "keys", "--folder", "/secrets/kept", "list")
    return re.findall(r"^token\s+(\S+)", listed, re.MULTILINE)[-1]


def test_the_page(own: Stack) -> None:
    *first, last = _commands("With docker compose")
    for line in first:
        _run(own, line)
    with tokens_of(own):
        with people_at_work(own, registers=2) as people:
            for section in ("Scaling", "Upgrade"):
                for line in _commands(section):
                    _run(own, line)
        each_sale_counts_once(own, people)
    for line in _commands("Backup and restore"):
        _run(own, line)
    (ROOT / f"{_newest_backup(own)}.tar").unlink()
    assert own.lapak("verify").returncode == 0
    _run(own, last)
    assert not own.compose("ps", "-q").split()
    assert Path("/").exists()
