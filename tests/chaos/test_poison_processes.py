"""A poison event harms nothing but itself, whatever it does to the real processes that meet it (P12)."""

from __future__ import annotations

import re
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from shared.local.cluster import DatabaseUrls
from tests.chaos.plant import CROWDS, HANGS, KILLS, RAISES, STALLS, WAITS_THEN_KILLS, Plant
from tests.integration.messaging.plane import make_plane_database

STATEMENT_SECONDS = 2


@pytest.fixture
def plant(blank_database: Callable[..., DatabaseUrls], redis_url: str, tmp_path: Path) -> Iterator[Plant]:
    """Web, worker and courier of the poisonous inventory, up and in step with sales and training."""
    names = ("sales", "training", "inventory")
    databases = {name: make_plane_database(blank_database(name, []).owner, name) for name in names}
    plant = Plant(databases, redis_url, tmp_path, STATEMENT_SECONDS)
    try:
        plant.start()
        yield plant
    finally:
        plant.stop()
        for database in databases.values():
            database.dispose()


def _poison(plant: Plant, *poison: int) -> tuple[list[UUID], list[UUID]]:
    """Announce poison between good sales, and more after it; wait until all that is good took effect.

    The ids of what is good, and of what is not.
    """
    first = plant.announce(1, 2, 3, *poison, 4, 5, 6)
    good = [*first[:3], *first[-3:], *plant.announce(7, 8), plant.grant()]
    plant.recall()
    plant.until("the good ones took effect", lambda: not set(good) - set(plant.effects()))
    plant.until("inventory's own event is logged", lambda: bool(plant.rows("SELECT FROM event_log")))
    return good, first[3:-3]


def _nobody_dies_any_more(plant: Plant, good: list[UUID], *others: list[UUID]) -> None:
    """Not even of the messages that dead workers held; what is noted in `good` is all that took effect, once each."""
    before = plant.deaths
    plant.restore_messages()
    good += [*(one for some in others for one in some), *plant.announce(10)]
    plant.until("the next sale took effect", lambda: good[-1] in plant.effects())
    plant.until("no attempt goes on", lambda: plant.rows("SELECT FROM attempt") == [])
    assert plant.deaths == before
    assert plant.effects() == Counter(good)


def _fix(plant: Plant, good: list[UUID], bad: list[UUID]) -> None:
    """Mend the handler, replay by the command: what was dead takes effect once, however often it is replayed."""
    (plant.folder / "fixed").touch()
    for letter in plant.letters():
        replay = ("dead-letters", "replay", "inventory", letter.fingerprint)
        done = plant.command(*replay)
        assert done.stdout == "1 replayed, 0 parked, 0 failed, 0 left\n", done.stderr
        assert plant.command(*replay).stdout == "0 replayed, 0 parked, 0 failed, 0 left\n"
    assert plant.effects() == Counter([*good, *bad])


def test_a_handler_that_raises_or_whose_statement_hangs_costs_nobody_his_life(plant: Plant) -> None:
    good, bad = _poison(plant, RAISES, STALLS)
    plant.until("both are dead letters", lambda: len(plant.letters()) == 2)
    raised, stalled = sorted(plant.letters(), key=lambda letter: letter.number)
    assert [(letter.number, letter.attempts) for letter in (raised, stalled)] == [(RAISES, 1), (STALLS, 1)]
    assert raised.error.startswith("ValueError")
    assert "cannot take this one" in raised.error
    assert stalled.error.startswith("QueryCanceled")
    # A batch too slow for this machine is no poison: each alone is quick.
    more, slow = _poison(plant, CROWDS)
    assert plant.deaths == []
    _nobody_dies_any_more(plant, good, more, slow)
    assert len(plant.letters()) == 2
    _fix(plant, good, bad)


@pytest.mark.parametrize(
    ("poison", "code"), [(KILLS, -signal.SIGKILL), pytest.param(HANGS, -signal.SIGALRM, marks=pytest.mark.slow)]
)
def test_an_event_that_its_process_does_not_survive_is_a_dead_letter_after_three_attempts_alone(
    plant: Plant, poison: int, code: int
) -> None:
    good, bad = _poison(plant, poison)
    plant.until("it is a dead letter", lambda: len(plant.letters()) == 1)
    (letter,) = plant.letters()
    assert (letter.number, letter.attempts) == (poison, 3)
    assert letter.error.startswith("ProcessDied (lapak.sales.SaleRecorded.v1)\n")
    # Worker and courier die once of the whole batch, then somebody three times of the event alone.
    assert 4 <= len(plant.deaths) <= 5, plant.logs()
    assert set(plant.deaths) == {code}
    if poison == HANGS:  # where it hung is in the log, without values
        assert re.search(r'poisonous.py", line \d+ in _hang', (plant.folder / "courier.log").read_text())
    _nobody_dies_any_more(plant, good)
    _fix(plant, good, bad)


@pytest.mark.slow
def test_a_parked_event_that_kills_once_its_cause_is_there_is_a_dead_letter_too(plant: Plant) -> None:
    good, bad = _poison(plant, WAITS_THEN_KILLS)
    plant.until("it is parked", lambda: len(plant.rows("SELECT FROM parked")) == 1)
    (plant.folder / "cause").touch()
    plant.until("it is a dead letter", lambda: len(plant.letters()) == 1)
    (letter,) = plant.letters()
    assert (letter.number, letter.attempts, plant.rows("SELECT FROM parked")) == (WAITS_THEN_KILLS, 3, [])
    assert plant.kept["courier"].deaths == [-signal.SIGKILL] * 4
    assert plant.kept["worker"].deaths == []
    _nobody_dies_any_more(plant, good)
    _fix(plant, good, bad)
