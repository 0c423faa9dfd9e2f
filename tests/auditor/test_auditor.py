"""Whoever changes, deletes or adds a posted row by SQL is named by `lapak verify`, and never called clean (P37)."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from services.system.demo import reference
from services.system.verify.proving import DRIFT, Proof, open_databases, prove
from shared.config import SERVICES
from shared.db import Database
from shared.local.provision import part, with_database
from shared.local.running import Running, frozen, running_system
from shared.proof.sealing import seal_all
from tests.auditor.living import live
from tests.auditor.pairs import PAIRS, Pair
from tests.auditor.tampering import Hand, Kind, kinds
from tests.journeys.conftest import Told
from tests.waiting import until

pytestmark = pytest.mark.journey

SEED = int(os.environ.get("AUDITOR_SEED", "20261129"))


class Silent:
    """Nobody watches the bar."""

    def begin(self, steps: int) -> None:
        """Nothing."""

    def step(self) -> None:
        """Nothing."""


@dataclass
class Audit:
    """The books of a system on which nobody works any more, and the hand that tampers with them."""

    databases: dict[str, Database]
    hand: Hand
    clean: list[str] = field(default_factory=list)
    unnamed: list[str] = field(default_factory=list)
    tried: Counter[str] = field(default_factory=Counter)

    def verify(self) -> Proof:
        """What `lapak verify` finds."""
        return prove(self.databases, seconds=5, bar=Silent())

    def tamper(self, kind: Kind) -> None:
        """Do it, look, put it back."""
        names = self.hand.tamper(kind)
        if names is None:
            self.tried["refused"] += 1
            return
        try:
            if kind.table.name not in {"seal", "posted"}:
                seal_all(self.databases[kind.service])
            self._judge(str(kind), names)
        except Exception as error:
            self.clean.append(f"{kind} {names}: fell over: {error}")
            return
        finally:
            self.hand.restore(kind.service, kind.table.name)

    def tamper_with_pair(self, pair: Pair) -> None:
        """The same with rows that agree."""
        names = pair.tamper(self.hand.at[pair.service])
        try:
            if names:
                self._judge(str(pair), names)
            else:
                self.tried["none such"] += 1
        finally:
            self.hand.restore(pair.service, *pair.tables)

    def _judge(self, what: str, names: list[str]) -> None:
        proof = self.verify()
        self.tried["done"] += 1
        told = [line for check in proof.checks for line in check.drift]
        if proof.code != DRIFT:
            self.clean.append(f"{what} {names}: exit code {proof.code}")
        elif not any(name in line for name in names for line in told):
            self.unnamed.append(f"{what} {names}: {told[:3]}")

    def report(self) -> str:
        """For a person."""
        lines = [f"{dict(self.tried)}: {len(self.clean)} clean, {len(self.unnamed)} not named (seed {SEED})"]
        return "\n".join([*lines, *self.clean, *self.unnamed])


@pytest.fixture(scope="module")
def lived_in(keys: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A system of its own, whose books no other test leaves open: the demo's story and a little of everything else."""
    with running_system(tmp_path_factory.mktemp("audited")) as system:
        story = Told(system.url)
        reference.load(staff=story.staff, instructor=story.instructor, city=story.city)
        list(story.tell())
        live(story)
        yield system


@pytest.fixture
def audit(lived_in: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[Audit]:
    """Everything has arrived and is sealed; then every process stands still."""
    for name, value in lived_in.environment.items():
        monkeypatch.setenv(name, value)
    admin = lived_in.environment["LAPAK_POSTGRES_ADMIN_URL"]
    urls = {name: with_database(admin, part(lived_in.database_url(name), "dbname")) for name in SERVICES}
    with open_databases() as databases:
        until(
            "the proof is clean",
            lambda: prove(databases, seconds=60, bar=Silent()).code == 0,
            told=lambda: _said(databases),
        )
        with _still(lived_in):
            hand = Hand(urls, random.Random(SEED))
            try:
                yield Audit(databases, hand)
            finally:
                hand.close()


def _said(databases: dict[str, Database]) -> list[str]:
    proof = prove(databases, seconds=5, bar=Silent())
    return [*(line for check in proof.checks for line in check.drift), *proof.undecided, *proof.lagging, *proof.halted]


@contextmanager
def _still(system: Running) -> Iterator[None]:
    names = ["web", *(f"{service}-{part}" for service in SERVICES for part in ("worker", "courier"))]
    with frozen(*(system.pid(name) for name in names)):
        yield


@pytest.mark.timeout(600)
def test_random_rows_changed_deleted_or_added_are_named(audit: Audit) -> None:
    """A short form: some kinds at random."""
    every = list(kinds())
    for kind in random.Random(SEED).sample(every, int(os.environ.get("AUDITOR_KINDS", "15"))):
        audit.tamper(kind)
    assert not audit.clean, audit.report()
    assert not audit.unnamed, audit.report()
    assert audit.verify().code == 0


@pytest.mark.timeout(600)
def test_rows_that_were_made_to_agree_are_named(audit: Audit) -> None:
    """A fact with its sums or its event; a row with its digest (a few at random here, each of them with `--all`)."""
    for pair in PAIRS:
        audit.tamper_with_pair(pair)
    forged = [kind for kind in kinds() if kind.how == "forged"]
    for kind in random.Random(SEED).sample(forged, 10):
        audit.tamper(kind)
    assert not audit.clean, audit.report()
    assert not audit.unnamed, audit.report()
    assert not audit.tried["none such"], audit.report()
    assert audit.verify().code == 0


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_column_of_every_table_is_proved(audit: Audit) -> None:
    """Each column of each table changed, a row of each table deleted, one added, one forged with its digest."""
    for kind in kinds():
        audit.tamper(kind)
    print(audit.report())
    assert not audit.clean, audit.report()
    assert len(audit.unnamed) <= audit.tried["done"] / 100, audit.report()
    assert audit.verify().code == 0
