"""The papers of a consignment: delivery note (page and PDF) and goods receipt (page)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, g

from services.inventory.queries import handover as read
from services.inventory.usecases import consignments
from services.inventory.web.naming import Names, note_number, reason
from shared.clock import business_day
from shared.errors import NotFound
from shared.http import requires, transaction
from shared.web import Pages, show, t
from shared.web.language import day, number

bp = Pages("paper_pages", __name__)


def _known(consignment_id: UUID) -> tuple[dict[str, Any], Names]:
    with transaction() as session:
        one = read.whole(session, consignments.find(session, consignment_id))
        skus = {row.sku for row in one["differences"]} | {line["sku"] for line in one["lines"]}
        return one, Names(session, skus)


@bp.get("/consignments/<uuid:consignment_id>/delivery-note")
@requires("staff", "auditor")
def delivery_note(consignment_id: UUID) -> Response:
    """To be printed from the browser."""
    one, names = _known(consignment_id)
    return show("consignments/delivery_note.html", one=one, names=names, number_of=note_number, dated=_dated(one))


@bp.get("/consignments/<uuid:consignment_id>/delivery-note.pdf")
@requires("staff", "auditor")
def delivery_note_pdf(consignment_id: UUID) -> Response:
    """The same as a file."""
    g.lang = "id"  # whoever prints it: guards and drivers read Indonesian
    one, names = _known(consignment_id)
    title = note_number(one["id"], one["drafted_at"])
    answer = Response(_pdf(title, one, names), content_type="application/pdf")
    answer.headers["Content-Disposition"] = f'inline; filename="{title}.pdf"'
    return answer


def _pdf(title: str, one: dict[str, Any], names: Names) -> bytes:
    # Here: what writes PDF takes 30 MB of memory, and is rarely asked for.
    from services.inventory.web.delivery_note import Note, pdf

    lines = [
        (line["sku"], names.product(line["sku"]), line["lot"] or "-", number(line["quantity"]), names.unit(line["sku"]))
        for line in one["lines"]
    ]
    ends = {"source": names.place(one["origin"]), "target": names.place(one["destination"])}
    total = number(sum(line["quantity"] for line in one["lines"]))
    return pdf(Note(number=title, day=day(_dated(one)), lines=lines, total=total, **ends))


@bp.get("/consignments/<uuid:consignment_id>/goods-receipt")
@requires("staff", "auditor")
def goods_receipt(consignment_id: UUID) -> Response:
    """What was counted, beside what was sent. Raises NotFound while nobody has counted."""
    one, names = _known(consignment_id)
    if not one["receipts"]:
        raise NotFound(t("Belum ada yang menghitung barang ini.", "Nobody has counted these goods yet."))
    return show("consignments/goods_receipt.html", one=one, names=names, number_of=note_number, reason=reason)


def _dated(one: dict[str, Any]) -> Any:
    """The day on which the goods left; until then, that on which the note was written."""
    return business_day(one["dispatched_at"] or one["drafted_at"])
