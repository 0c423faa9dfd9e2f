"""Names go over to the newest key page by page: again and again if need be, and past those that nobody can read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select

from services.training.models import ResidentIdentity
from services.training.queries.identity import IdentityUnreadable, name_of
from services.training.usecases import identity, residents
from shared.db import Database

READER = identity.Reader("sri", "operator", "lapak keys")
LOST, OLD, NEW = (Fernet.generate_key().decode() for _ in range(3))


@pytest.fixture
def database(database_for: Callable[..., Database], monkeypatch: pytest.MonkeyPatch) -> Database:
    """Five names under the old key and one, in their midst, under a key that is lost; the newest is set in front."""
    database = database_for("training")
    for number, key in enumerate((OLD, OLD, LOST, OLD, OLD, OLD)):
        monkeypatch.setenv("LAPAK_IDENTITY_KEYS", key)
        with database.transaction() as session:
            residents.put(session, worker_ref=f"wresident{number}", name=f"Siti {number}", reader=READER)
    monkeypatch.setenv("LAPAK_IDENTITY_KEYS", f"{NEW},{OLD}")
    return database


def _renew(database: Database, *, pages: int) -> list[identity.Renewed]:
    found: list[identity.Renewed] = []
    after: str | None = ""
    while after is not None and len(found) < pages:
        with database.transaction() as session:
            found.append(identity.renew(session, after=after, limit=2, reader=READER))
        after = found[-1].go_on
    return found


def _under(database: Database, key: str) -> int:
    with database.transaction() as session:
        return identity.count_under(session, Fernet(key), reader=READER)


def test_who_was_interrupted_begins_anew_and_loses_nothing(database: Database) -> None:
    _renew(database, pages=2)
    assert (_under(database, NEW), _under(database, OLD)) == (3, 2)
    again = _renew(database, pages=9)
    assert sum(page.renewed for page in again) == 2
    assert [ref for page in again for ref in page.unreadable] == ["wresident2"]
    assert (_under(database, NEW), _under(database, OLD), _under(database, LOST)) == (5, 0, 1)


def test_without_the_old_key_the_names_are_as_they_were(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    _renew(database, pages=9)
    monkeypatch.setenv("LAPAK_IDENTITY_KEYS", NEW)
    with database.transaction() as session:
        rows = session.scalars(select(ResidentIdentity).order_by(ResidentIdentity.worker_ref)).all()
        readable = [row for row in rows if row.worker_ref != "wresident2"]
        assert [name_of(row) for row in readable] == [f"Siti {number}" for number in (0, 1, 3, 4, 5)]
        with pytest.raises(IdentityUnreadable):
            name_of(rows[2])
