"""How the registers are: whom to call, and what is missing."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, request

from services.sales.models import Register
from services.sales.queries import names, registers
from services.sales.queries.tills import tills
from services.sales.schemas.registers import ClosingForm
from services.sales.usecases import numbers
from services.sales.web import words
from shared.clock import now
from shared.errors import NotFound, Problem
from shared.fields import check_code
from shared.http import current_token, require_scope, requires, transaction
from shared.web import Pages, form, show

bp = Pages("registers_pages", __name__)


@bp.get("/registers")
@requires("outlet", "city", "auditor")
def registers_page() -> Response:
    """All registers, those in trouble first."""
    with transaction() as session:
        found = tills(session, outlet=current_token().outlet, moment=now())
    return show("registers/index.html", tills=found, words=words)


@bp.get("/registers/<code>")
@requires("outlet", "city", "auditor", "operator")
def register_page(code: str) -> Response:
    """One register: every number that is missing, and what could not be read."""
    return _register(code)


@bp.post("/registers/<code>/missing")
@requires("city")
def close_missing_page(code: str) -> Any:
    """Say why numbers will not come: nobody waits for them any more."""
    try:
        body = form(ClosingForm())
        with transaction() as session:
            numbers.close(session, register=check_code(code), closed_by=current_token().sub, **body)
    except NotFound:
        raise
    except Problem as problem:
        return _register(code, problem)
    return redirect(f"/sales/registers/{code}", 303)


def _register(code: str, problem: Problem | None = None) -> Response:
    with transaction() as session:
        found = session.get(Register, check_code(code))
        if found is None:
            raise NotFound("No such register.")
        require_scope(outlet=found.outlet)
        said: dict[str, Any] = {"sync": registers.sync(session, code), "outlets": names.outlets(session)}
        said |= {"gaps": registers.gaps(session, code), "closed": registers.closed(session, code)}
    said |= {"typed": request.form if problem else {}, "problem": problem, "words": words}
    return show("registers/register.html", problem.status if problem else 200, register=found, **said)
