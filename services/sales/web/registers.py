"""How the registers are: whom to call, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Response

from services.sales.models import Register
from services.sales.queries import names, registers
from services.sales.queries.tills import WINDOW, tills
from services.sales.web import words
from shared.clock import now
from shared.errors import NotFound
from shared.fields import check_code
from shared.http import current_token, require_scope, requires, transaction
from shared.web import Pages, show

bp = Pages("registers_pages", __name__)


@bp.get("/registers")
@requires("outlet", "city", "auditor")
def registers_page() -> Response:
    """All registers, those in trouble first."""
    with transaction() as session:
        found = tills(session, outlet=current_token().outlet, moment=now())
    return show("registers/index.html", tills=found, words=words, window=WINDOW)


@bp.get("/registers/<code>")
@requires("outlet", "city", "auditor", "operator")
def register_page(code: str) -> Response:
    """One register: every number that is missing, and what could not be read."""
    with transaction() as session:
        found = session.get(Register, check_code(code))
        if found is None:
            raise NotFound("No such register.")
        require_scope(outlet=found.outlet)
        said, outlets = registers.sync(session, code), names.outlets(session)
    return show("registers/register.html", register=found, sync=said, gaps=_gaps(said["missing"]), outlets=outlets)


def _gaps(numbers: Sequence[int]) -> list[str]:
    """Numbers in ascending order, those next to each other together: `5, 8–12`."""
    ends: list[tuple[int, int]] = []
    for number in numbers:
        if ends and ends[-1][1] == number - 1:
            ends[-1] = (ends[-1][0], number)
        else:
            ends.append((number, number))
    return [str(first) if first == last else f"{first}–{last}" for first, last in ends]
