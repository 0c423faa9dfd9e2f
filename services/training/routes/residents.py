"""Residents: the instructor sees names, the auditor references only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.training.models import Resident
from services.training.queries import people
from services.training.queries.identity import accesses
from services.training.schemas import people as shapes
from services.training.usecases import identity, residents
from shared.clock import business_day, now
from shared.db import Session
from shared.errors import NotFound
from shared.fields import PageArgs, check_worker_ref, page_of
from shared.http import Blueprint, current_call, current_token, requires, transaction
from shared.paging import Page

bp = Blueprint("residents", __name__, description="Residents")


def _sees_names() -> bool:
    return current_token().role == "instructor"


def _shown(session: Session, found: Sequence[Resident]) -> list[dict[str, Any]]:
    """Residents as the API shows them; names only for those who may see them."""
    plain = [{"worker_ref": one.worker_ref, "version": one.version} for one in found]
    if not _sees_names():
        return plain
    names = identity.names_of(session, [one.worker_ref for one in found], reader=identity.Reader(*current_call()))
    return [one | {"name": names[str(one["worker_ref"])]} for one in plain]


def _find(session: Session, worker_ref: str) -> Resident:
    found = session.get(Resident, check_worker_ref(worker_ref))
    if found is None:
        raise NotFound("No such resident.")
    return found


@bp.post("/residents")
@requires("instructor")
@bp.arguments(shapes.ResidentBody())
@bp.response(201, shapes.ResidentCreated())
def register_resident(body: dict[str, Any]) -> Any:
    """Register a resident under a new random reference."""
    with transaction() as session:
        return {"worker_ref": residents.register(session, **body)}


@bp.put("/residents/<worker_ref>")
@requires("instructor")
@bp.arguments(shapes.ResidentBody())
@bp.response(200, shapes.ResidentAnswer())
@bp.alt_response(201, schema=shapes.ResidentAnswer())
def put_resident(body: dict[str, Any], worker_ref: str) -> Any:
    """Register under a given reference, or change the name."""
    with transaction() as session:
        reader = identity.Reader(*current_call())
        found, new = residents.put(session, worker_ref=check_worker_ref(worker_ref), reader=reader, **body)
        session.flush()
        return _shown(session, [found])[0], 201 if new else 200


@bp.get("/residents")
@requires("instructor", "auditor")
@bp.arguments(PageArgs(), location="query")
@bp.response(200, page_of(shapes.ResidentAnswer()))
def list_residents(args: dict[str, Any]) -> Any:
    """List residents."""
    with transaction() as session:
        page = people.residents(session, **args)
        return Page(_shown(session, page.items), page.next)


@bp.get("/residents/<worker_ref>")
@requires("instructor", "auditor")
@bp.response(200, shapes.ResidentAnswer())
def get_resident(worker_ref: str) -> Any:
    """One resident."""
    with transaction() as session:
        return _shown(session, [_find(session, worker_ref)])[0]


@bp.get("/identity-access")
@requires("auditor")
@bp.arguments(shapes.IdentityAccessArgs(), location="query")
@bp.response(200, page_of(shapes.IdentityAccessAnswer()))
def list_identity_access(args: dict[str, Any]) -> Any:
    """List who read names of residents, the latest first. References, never names."""
    with transaction() as session:
        return accesses(session, **args)


@bp.get("/residents/<worker_ref>/skills")
@requires("instructor", "auditor")
@bp.arguments(shapes.SkillsArgs(), location="query")
@bp.response(200, shapes.HeldSkills())
def get_skills(args: dict[str, Any], worker_ref: str) -> Any:
    """What a resident may do on a day, and by what."""
    with transaction() as session:
        _find(session, worker_ref)
        return {"items": people.skills_of(session, worker_ref, on=args["on"] or business_day(now()))}


@bp.get("/residents/<worker_ref>/practice")
@requires("instructor", "auditor")
@bp.arguments(PageArgs(), location="query")
@bp.response(200, shapes.PracticeLog())
def get_practice(args: dict[str, Any], worker_ref: str) -> Any:
    """What a resident has made, and what came back of it."""
    with transaction() as session:
        return people.practice_of(session, check_worker_ref(worker_ref), **args)
