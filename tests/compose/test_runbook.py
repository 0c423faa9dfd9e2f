"""Each command for containers in docs/operations.md is run here, in the order of the page, first while a shop sells."""

from __future__ import annotations

import os
import re
import tarfile
from collections.abc import Iterator

import pytest

from shared.local.home import ROOT
from tests.compose.stack import Stack, each_sale_counts_once, people_at_work, removed_at_the_end
from tests.runbook import blocks

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

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
    line = line.replace("logs --follow", "logs --tail 20")
    if EXAMPLE in line:
        line = line.replace(EXAMPLE, _newest_backup(stack))
    if "ID" in line.split():
        line = line.replace(" ID", f" {_keys(stack, 'sales-web', works=False)[-1]}")
    if "OLD-ID" in line.split():
        line = line.replace("OLD-ID", _keys(stack, "identity", works=False)[-1])
    return stack.run("sh", "-c", line, patience=400).stdout


def _newest_backup(stack: Stack) -> str:
    listed = stack.compose("run", "--rm", "-T", "--entrypoint", "ls", "lapak", "/backups").split()
    return max(name for name in listed if re.fullmatch(r"lapak-\d{8}T\d{6}Z", name))


def _keys(stack: Stack, kind: str, *, works: bool) -> list[str]:
    listed = stack.compose("run", "--rm", "-T", "secrets", "shared.cli", "keys", "--folder", "/secrets/kept", "list")
    rows = [line.split(maxsplit=2) for line in listed.splitlines()]
    return [row[1] for row in rows if row[0] == kind and (row[2] == "works") == works]


def test_the_page(own: Stack) -> None:
    *first, last = _commands("With docker compose")
    for line in first:
        _run(own, line)
    with people_at_work(own, registers=2) as people:
        for section in ("Scaling", "Upgrade"):
            for line in _commands(section):
                _run(own, line)
    each_sale_counts_once(own, people)
    for section in ("Backup and restore", "Rotating keys"):
        for line in _commands(section):
            _run(own, line)
    saved = ROOT / f"{_newest_backup(own)}.tar"
    assert tarfile.is_tarfile(saved)
    saved.unlink()
    assert own.lapak("verify").returncode == 0
    _run(own, last)
    assert not own.compose("ps", "-q").split()
