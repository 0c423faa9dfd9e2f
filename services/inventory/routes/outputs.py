"""Outputs: proposed in batches, decided one by one."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from services.inventory.queries import outputs as read
from services.inventory.schemas import outputs as shapes
from services.inventory.usecases import output_batches, outputs
from shared.batches import read_each
from shared.errors import NotFound
from shared.fields import check_code, page_of
from shared.http import Blueprint, current_token, require_scope, requires, transaction
from shared.web.limits import GUESSES, at_most

bp = Blueprint("outputs", __name__, description="Outputs")


def _who_asks() -> str:
    # Terminals of several workshops may share an address; one that tries many badges shall not silence the others.
    return current_token().jti


def _sees_makers() -> bool:
    return current_token().role == "staff"


def _was_no(response: Response) -> bool:
    return response.status_code == 200 and b"true" not in response.data


@bp.post("/outputs")
@requires("terminal")
@bp.arguments(shapes.OutputBatch())
@bp.response(200, shapes.OutputResults())
def propose_outputs(body: dict[str, Any]) -> Any:
    """Propose outputs; each item has a result of its own."""
    token = current_token()
    items = read_each(shapes.output_item, body["outputs"])
    with transaction() as session:
        results = output_batches.propose(session, items=items, workshop=token.workshop or "", proposed_by=token.sub)
    return {"results": results}


@bp.get("/outputs")
@requires("staff", "terminal", "auditor")
@bp.arguments(shapes.OutputArgs(), location="query")
@bp.response(200, page_of(shapes.OutputAnswer()))
def list_outputs(args: dict[str, Any]) -> Any:
    """List outputs; a terminal sees its own proposals."""
    token = current_token()
    require_scope(workshop=args["workshop"])
    own = token.sub if token.role == "terminal" else None
    wanted = args | {"workshop": token.workshop or args["workshop"]}
    with transaction() as session:
        return read.listed(session, proposed_by=own, **wanted)


@bp.get("/workshops/<code>/eligibility")
@requires("terminal", "staff")
@at_most(GUESSES, of=_who_asks, counts=_was_no, unless=_sees_makers)
@bp.arguments(shapes.EligibilityArgs(), location="query")
@bp.response(200, shapes.EligibilityAnswer())
@bp.alt_response(429, description="Too many badges that may not; wait as long as Retry-After says")
def get_eligibility(args: dict[str, Any], code: str) -> Any:
    """Whether the maker whose badge was just scanned may make this product, by the rule of acceptance.

    A terminal warns; it proposes all the same. Unknown people are answered like those without the skill.
    """
    require_scope(workshop=code)
    with transaction() as session:
        return {"eligible": outputs.may_make(session, workshop=check_code(code), **args)}


@bp.get("/outputs/<uuid:output_id>")
@requires("staff", "terminal", "auditor")
@bp.response(200, shapes.OutputAnswer())
def get_output(output_id: UUID) -> Any:
    """One output."""
    token = current_token()
    with transaction() as session:
        found = read.one(session, output_id)
    if found is None or (token.role == "terminal" and found["proposed_by"] != token.sub):
        raise NotFound("No such output.")
    require_scope(workshop=found["workshop"])
    return found


@bp.post("/outputs/<uuid:output_id>/acceptance")
@requires("staff")
@bp.arguments(shapes.AcceptanceBody())
@bp.response(200, shapes.AcceptedAnswer())
def accept_output(body: dict[str, Any], output_id: UUID) -> Any:
    """Accept an output: a lot is born. Gated by the makers' skills."""
    with transaction() as session:
        return outputs.accept(session, output_id=output_id, decided_by=current_token().sub, **body)


@bp.post("/outputs/<uuid:output_id>/rejection")
@requires("staff")
@bp.arguments(shapes.RejectionBody())
@bp.response(200, shapes.RejectedAnswer())
def reject_output(body: dict[str, Any], output_id: UUID) -> Any:
    """Turn an output down, with the reason."""
    with transaction() as session:
        return outputs.reject(session, output_id=output_id, decided_by=current_token().sub, **body)
