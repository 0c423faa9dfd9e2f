"""Skills and programmes are put; a skill may be named before it is described."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql import insert

from services.training.models import Programme, Skill
from shared.db import Session


def put_skill(session: Session, *, code: str, name: dict[str, str]) -> tuple[Skill, bool]:
    """Create or change a skill; (skill, whether it is new). A placeholder becomes a skill: that is new."""
    return _put(session, Skill, code, {"name_id": name["id"], "name_en": name["en"], "placeholder": False})


def put_programme(session: Session, *, code: str, name: dict[str, str], **content: Any) -> tuple[Programme, bool]:
    """Create or change a programme; (programme, whether it is new)."""
    mention_skill(session, content["skill"])
    return _put(session, Programme, code, content | {"name_id": name["id"], "name_en": name["en"]})


def mention_skill(session: Session, code: str) -> None:
    """Make sure that there is a row for a skill that somebody names: a code not heard of is no error."""
    values = {"name_id": code, "name_en": code, "placeholder": True, "version": 1}
    session.execute(insert(Skill).values(code=code, **values).on_conflict_do_nothing())


def _put(session: Session, model: Any, code: str, values: dict[str, Any]) -> tuple[Any, bool]:
    made = insert(model).values(code=code, version=1, **values).on_conflict_do_nothing().returning(model)
    if (new := session.scalars(made).one_or_none()) is not None:
        return new, True
    row = session.get_one(model, code, with_for_update=True)
    was_placeholder = bool(getattr(row, "placeholder", False))
    changed = {key: value for key, value in values.items() if getattr(row, key) != value}
    for key, value in changed.items():
        setattr(row, key, value)
    row.version += bool(changed)
    return row, was_placeholder
