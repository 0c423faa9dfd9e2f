"""Residents: registered under a random reference, their names encrypted and kept apart."""

from __future__ import annotations

import secrets

from sqlalchemy.dialects.postgresql import insert

from services.training.models import Resident, ResidentIdentity
from services.training.queries.identity import vault
from services.training.usecases.identity import Reader, is_name
from shared.clock import now
from shared.db import Session
from shared.fields import invalid

_ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyz"


def register(session: Session, *, name: str) -> str:
    """Register a resident; the new reference, random and derived from nothing."""
    while True:
        worker_ref = "w" + "".join(secrets.choice(_ALPHABET) for _ in range(12))
        if _add(session, worker_ref, name) is not None:  # else the reference is another's: draw again
            return worker_ref


def put(session: Session, *, worker_ref: str, name: str, reader: Reader) -> tuple[Resident, bool]:
    """Register a resident under a given reference, or change the name; (resident, whether it is new)."""
    if (new := _add(session, worker_ref, name)) is not None:
        return new, True
    resident = session.get_one(Resident, worker_ref, with_for_update=True)
    resident.version += not is_name(session, worker_ref, name, reader=reader)
    # Also when the name is the same: whatever is written is written under the newest key.
    session.get_one(ResidentIdentity, worker_ref).name_encrypted = vault().encrypt(name.encode())
    return resident, False


def _add(session: Session, worker_ref: str, name: str) -> Resident | None:
    """The new resident, or None when the reference is taken."""
    made = insert(Resident).values(worker_ref=worker_ref, version=1, registered_at=now()).on_conflict_do_nothing()
    new = session.scalars(made.returning(Resident)).one_or_none()
    if new is not None:
        session.add(ResidentIdentity(worker_ref=worker_ref, name_encrypted=vault().encrypt(name.encode())))
    return new


def require(session: Session, worker_ref: str) -> None:
    """Raise Invalid unless the reference belongs to a registered resident."""
    if session.get(Resident, worker_ref) is None:
        raise invalid("worker_ref", "No such resident.")
