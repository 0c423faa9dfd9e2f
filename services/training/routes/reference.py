"""Skills and programmes."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from services.training.models import Programme, Skill
from services.training.schemas import skills as shapes
from services.training.usecases import reference
from shared.errors import NotFound
from shared.fields import PageArgs, check_code, page_of
from shared.http import Blueprint, requires, transaction
from shared.paging import paged

bp = Blueprint("reference", __name__, description="Skills and programmes")


@bp.put("/skills/<code>")
@requires("instructor")
@bp.arguments(shapes.SkillBody())
@bp.response(200, shapes.SkillAnswer())
@bp.alt_response(201, schema=shapes.SkillAnswer())
def put_skill(body: dict[str, Any], code: str) -> Any:
    """Create or change a skill."""
    with transaction() as session:
        skill, new = reference.put_skill(session, code=check_code(code), **body)
    return skill, 201 if new else 200


@bp.get("/skills")
@requires("instructor", "auditor")
@bp.arguments(PageArgs(), location="query")
@bp.response(200, page_of(shapes.SkillAnswer()))
def list_skills(args: dict[str, Any]) -> Any:
    """List skills."""
    with transaction() as session:
        return paged(session, select(Skill), [Skill.code], **args)


@bp.get("/skills/<code>")
@requires("instructor", "auditor")
@bp.response(200, shapes.SkillAnswer())
def get_skill(code: str) -> Any:
    """One skill."""
    with transaction() as session:
        found = session.get(Skill, check_code(code))
    if found is None:
        raise NotFound("No such skill.")
    return found


@bp.put("/programmes/<code>")
@requires("instructor")
@bp.arguments(shapes.ProgrammeBody())
@bp.response(200, shapes.ProgrammeAnswer())
@bp.alt_response(201, schema=shapes.ProgrammeAnswer())
def put_programme(body: dict[str, Any], code: str) -> Any:
    """Create or change a programme."""
    with transaction() as session:
        programme, new = reference.put_programme(session, code=check_code(code), **body)
    return programme, 201 if new else 200


@bp.get("/programmes")
@requires("instructor", "auditor")
@bp.arguments(PageArgs(), location="query")
@bp.response(200, page_of(shapes.ProgrammeAnswer()))
def list_programmes(args: dict[str, Any]) -> Any:
    """List programmes."""
    with transaction() as session:
        return paged(session, select(Programme), [Programme.code], **args)


@bp.get("/programmes/<code>")
@requires("instructor", "auditor")
@bp.response(200, shapes.ProgrammeAnswer())
def get_programme(code: str) -> Any:
    """One programme."""
    with transaction() as session:
        found = session.get(Programme, check_code(code))
    if found is None:
        raise NotFound("No such programme.")
    return found
