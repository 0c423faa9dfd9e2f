"""Facts are posted once: the same again is the same, other content under the same id is a conflict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import literal, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import DeclarativeBase

from shared.db import Session
from shared.errors import Conflict


def record_once(session: Session, model: type[DeclarativeBase], *, key: Mapping[str, Any], **values: Any) -> bool:
    """Insert a fact with its `content_hash`; True when it is new, False when the same was posted before.

    Waits for another transaction that posts the same id at this moment. Raises Conflict on other content.
    """
    statement = insert(model).values(**key, **values).on_conflict_do_nothing().returning(literal(1))
    if session.execute(statement).first() is not None:
        return True
    known = session.scalars(select(model.content_hash).filter_by(**key)).one()  # type: ignore[attr-defined]
    if known != values["content_hash"]:
        raise Conflict("Under this id something else is recorded already.")
    return False
