"""A rolling upgrade from the last release to this code, and back, while shops sell (docs/operations.md, Upgrade)."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.local.home import ROOT
from tests.compose.stack import (
    IMAGE,
    Stack,
    each_sale_counts_once,
    people_at_work,
    removed_at_the_end,
)
from tests.compose.test_hardening import PROCESSES
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

#: A migration as the next release may bring it: it only adds.
MIGRATION = """
from alembic import op
import sqlalchemy as sa

revision, down_revision = "9999", "{before}"

def upgrade():
    op.add_column("sale", sa.Column("trial", sa.Text()))
    with op.get_context().autocommit_block():
        op.execute("CREATE INDEX CONCURRENTLY ix_sale_trial ON sale (trial)")
"""


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def _release() -> str:
    """The last release; empty where this clone knows none."""
    return _git("describe", "--tags", "--abbrev=0") or _git("log", "-1", "--format=%H", "--grep=^Release ")


@pytest.fixture(scope="module")
def release(engine: None) -> str:
    """The image of the last release."""
    found = _release()
    if not found:
        pytest.skip("NOT RUN: this clone knows no release to upgrade from (fetch its tags)")
    image = f"lapak:test-{found[:20]}"
    archive = subprocess.Popen(["git", "archive", found], cwd=ROOT, stdout=subprocess.PIPE)
    subprocess.run(["docker", "build", "-q", "-t", image, "-"], stdin=archive.stdout, check=True, capture_output=True)
    archive.wait()
    return image


@pytest.fixture(scope="module")
def next_release(engine: None, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The image of this code with one migration more."""
    Stack("lapak-image").compose("build", "-q")
    folder = tmp_path_factory.mktemp("next")
    versions = ROOT / "services" / "sales" / "migrations" / "versions"
    before = max(path.name[:4] for path in Path(versions).glob("[0-9]*.py"))
    (folder / "9999_trial.py").write_text(MIGRATION.format(before=before), encoding="utf-8")
    (folder / "Dockerfile").write_text(
        f"FROM {IMAGE}\nCOPY 9999_trial.py /app/services/sales/migrations/versions/\n", encoding="utf-8"
    )
    subprocess.run(["docker", "build", "-q", "-t", "lapak:test-next", "."], cwd=folder, check=True, capture_output=True)
    return "lapak:test-next"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The compose file of the last release, beside what it names."""
    folder = tmp_path_factory.mktemp("release")
    wanted = [_git("rev-parse", f"{_release()}^{{commit}}"), "docker-compose.yml", "deploy"]
    archive = subprocess.run(["git", "archive", *wanted], cwd=ROOT, capture_output=True, check=True)
    subprocess.run(["tar", "x", "-C", str(folder)], input=archive.stdout, check=True)
    return str(folder / "docker-compose.yml")


@pytest.fixture(scope="module")
def old(release: str, files: str, keys: None) -> Iterator[Stack]:
    """A project that runs the last release as that was run."""
    name = f"lapak-test-upgrade-{os.getpid()}"
    with removed_at_the_end(Stack(name, image=release, environment={"COMPOSE_FILE": files})) as stack:
        stack.up("--scale", "sales-web=2")
        yield stack


def test_forth_and_back_without_a_failed_sale(old: Stack, release: str, files: str, next_release: str) -> None:
    assert old.lapak("migrate", "--check").returncode == 0
    with people_at_work(old, older=True) as people:
        del old.environment["COMPOSE_FILE"]
        _upgrade(old, next_release)
        assert old.sql("sales", "SELECT version_num FROM alembic_version") == [["9999"]]
        assert old.lapak("migrate", "--check").returncode == 0
        first = len(people.acknowledged)
        until("sales go on", lambda: len(people.acknowledged) > first + 20)
        old.environment["COMPOSE_FILE"] = files
        _upgrade(old, release)
        newer = old.lapak("migrate", "--check")
        assert "sales: at 9999, newer than" in newer.stdout
        second = len(people.acknowledged)
        until("sales go on", lambda: len(people.acknowledged) > second + 20)
    print(f"{len(people.acknowledged)} sales, {people.unanswered.total()} unanswered")
    assert not people.unanswered
    each_sale_counts_once(old, people)


def _upgrade(stack: Stack, image: str) -> None:
    stack.image = image
    before = {process: len(stack.containers(process)) for process in PROCESSES}
    said = stack.run("deploy/upgrade", patience=600).stdout
    assert re.search(r"^sales-web: 2 of 2$", said, re.MULTILINE)
    wanted = stack.run("docker", "image", "inspect", "-f", "{{.Id}}", image).stdout.strip()
    for process in PROCESSES:
        assert {one["Image"] for one in stack.containers(process)} == {wanted}
    assert {process: len(stack.containers(process)) for process in PROCESSES} == before
    assert " of " not in stack.run("deploy/upgrade", patience=600).stdout, "again: nothing is left to do"
