"""Names of residents: unreadable without the key, readable under any key that is kept, written under the newest."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet, InvalidToken
from hypothesis import given
from hypothesis import strategies as st

from services.training.models import ResidentIdentity
from services.training.queries.identity import IdentityUnreadable, name_of, vault

OLDER, NEWEST = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def _sealed(name: str) -> ResidentIdentity:
    return ResidentIdentity(worker_ref="wabcdefg1", name_encrypted=vault().encrypt(name.encode()))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_name_comes_back_as_it_was(name: str) -> None:
    assert name_of(_sealed(name)) == name


def test_the_same_name_never_looks_the_same() -> None:
    assert _sealed("Siti").name_encrypted != _sealed("Siti").name_encrypted


def test_a_name_is_read_under_an_older_key_and_sealed_under_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAPAK_IDENTITY_KEYS", OLDER)
    old = _sealed("Siti")
    monkeypatch.setenv("LAPAK_IDENTITY_KEYS", f"{NEWEST}, {OLDER}")
    assert name_of(old) == "Siti"
    assert Fernet(NEWEST).decrypt(_sealed("Siti").name_encrypted) == b"Siti"


def test_a_name_without_its_key_is_unreadable_and_the_error_does_not_show_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAPAK_IDENTITY_KEYS", OLDER)
    old = _sealed("Siti")
    monkeypatch.setenv("LAPAK_IDENTITY_KEYS", NEWEST)
    with pytest.raises(IdentityUnreadable, match="LAPAK_IDENTITY_KEYS") as error:
        name_of(old)
    assert "Siti" not in str(error.value)
    with pytest.raises(InvalidToken):
        Fernet(NEWEST).decrypt(old.name_encrypted)
