"""Goods that an outlet sent back are counted at the workshop, by somebody who does not see what was sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Response, redirect, request, url_for
from uuid_utils.compat import uuid7

from services.inventory.models import Consignment
from services.inventory.queries import handover as read
from services.inventory.schemas import handover as shapes
from services.inventory.usecases import consignments, receipts
from services.inventory.web.figures import figure, lines_of
from services.inventory.web.naming import Names, note_number
from services.inventory.web.words import told
from shared import jsontext
from shared.clock import now
from shared.errors import Forbidden, Problem
from shared.http import current_token, requires, transaction
from shared.web import Pages, form, show, t

bp = Pages("count_pages", __name__)


def _require_workshop(consignment: Consignment) -> None:
    if consignment.to_outlet is not None:
        raise Forbidden(t("Barang untuk gerai dihitung di gerai.", "What goes to an outlet is counted there."))


@bp.get("/consignments/<uuid:consignment_id>/count")
@requires("staff")
def count_page(consignment_id: UUID) -> Response:
    """Say how many there are, good and damaged."""
    return _form(consignment_id)


@bp.post("/consignments/<uuid:consignment_id>/count")
@requires("staff")
def record_count(consignment_id: UUID) -> Any:
    """Record the count; a refused one is shown again with what was typed."""
    try:
        body = form(shapes.ReceiptBody(), request.form.to_dict() | {"lines": _lines()})
        with transaction() as session:
            found = consignments.find(session, consignment_id)
            _require_workshop(found)
            receipts.receive(session, consignment=found, item=body, received_by=current_token().sub)
    except Problem as problem:
        return _form(consignment_id, problem)
    return redirect(url_for("consignment_pages.consignment_page", consignment_id=consignment_id), 303)


def _lines() -> list[dict[str, Any]]:
    good, damaged = lines_of("g.", request.form), lines_of("d.", request.form)
    return [
        {"sku": sku, "lot": lot, "good": _or_none(good, sku, lot), "damaged": _or_none(damaged, sku, lot)}
        for sku, lot in {**good, **damaged}
    ]


def _or_none(typed: dict[tuple[str, str | None], str], sku: str, lot: str | None) -> Decimal | str:
    return figure(typed.get((sku, lot), "0"))


def _form(consignment_id: UUID, problem: Problem | None = None) -> Response:
    with transaction() as session:
        found = consignments.find(session, consignment_id)
        _require_workshop(found)
        one = read.whole(session, found)
        names = Names(session, {line["sku"] for line in one["lines"]})
    told_lines = [names.goods(line["sku"], line["lot"]) for line in _lines()]
    # The moment of the count is fixed with the form: pressing twice says the same twice.
    made = {"id": str(uuid7()), "received_at": jsontext.instant(now())}
    return show(
        "consignments/count.html",
        problem.status if problem else 200,
        one=one,
        names=names,
        made=made | {key: request.form[key] for key in made if key in request.form},
        good=lines_of("g.", request.form),
        damaged=lines_of("d.", request.form),
        number_of=note_number,
        refused=told(problem, names, told_lines),
    )
