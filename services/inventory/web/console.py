"""The overview of goods: what needs attention first, then what lies where."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from flask import Response, request
from marshmallow import Schema, fields, validate

from services.inventory.models.base import code_of
from services.inventory.queries import attention as read
from services.inventory.web.naming import Names, note_number
from shared.clock import business_day, now
from shared.db import Session
from shared.http import current_token, requires, transaction
from shared.web import Pages, charts, form, show, t
from shared.web.exports import FORMATS, Table, download
from shared.web.language import age, number

bp = Pages("overview", __name__)

_A_LIST = 50
_GRAVE = frozenset({"recalled", "expired"})


class _Args(Schema):
    format = fields.String(load_default=None, validate=validate.OneOf(FORMATS))


@bp.get("/")
@requires("staff", "auditor", "outlet")
def overview() -> Response:
    """What needs attention, and stock by place; `?format=csv|xlsx`: every shelf's goods."""
    format, outlet = form(_Args(), request.args)["format"], current_token().outlet
    if format:
        with transaction() as session:
            table = _table(session, outlet)
        return download(table, format)  # after the transaction: writing a large one takes a while
    with transaction() as session:
        found = _needs(session, outlet)
        places = read.by_place(session, outlet=outlet)
        skus = {row.sku for row in [*found["concerns"], *found["differences"]]}
        names = Names(session, skus)
    on_shelves = [(names.place(row.location), row.on_hand) for row in places]
    chart = charts.by_name(t("Stok per tempat", "Stock by place"), on_shelves, shown=_pieces)
    return show("console/index.html", names=names, places=places, chart=chart, note_number=note_number, **found)


def _pieces(value: int | Decimal) -> str:
    return number(Decimal(value))


def _needs(session: Session, outlet: str | None) -> dict[str, Any]:
    """Cards (each with a count, a title, an age and where to go), and the lists behind them."""
    today = business_day(now())
    sent, consignments = read.underway(session, outlet=outlet, limit=_A_LIST)
    opened, differences = read.differences(session, outlet=outlet, limit=_A_LIST)
    kinds, concerns = read.concerns(session, outlet=outlet, today=today, limit=2 * _A_LIST)
    staff = outlet is None
    cards = []
    if staff and (waiting := read.undecided_outputs(session)).count:
        title = t("Hasil kerja menunggu keputusan", "Outputs awaiting a decision")
        cards.append(_card(waiting.count, title, "/inventory/outputs", waiting.since))
    if opened:
        title = t("Selisih belum selesai", "Open differences")
        cards.append(_card(opened, title, "/inventory/discrepancies", differences[0].since))
    if sent:
        title, since = t("Dikirim, belum diterima", "Sent, not received yet"), consignments[0].dispatched_at
        cards.append(_card(sent, title, "/inventory/consignments" if staff else "#underway", since))
    cards += [
        _card(count, kind_words(kind), "#goods", bad=kind in {"recalled", "expired"}) for kind, count in kinds.items()
    ]
    cards.sort(key=lambda card: not card["bad"])
    found = {"attention": cards, "consignments": consignments, "differences": differences, "concerns": concerns}
    return found | {"staff": staff, "kind_words": kind_words}


def _card(count: int, title: str, address: str, since: Any = None, *, bad: bool = False) -> dict[str, Any]:
    detail = t("tertua {age}", "oldest {age}", age=age(since)) if since else ""
    return {"count": count, "title": title, "detail": detail, "address": address, "bad": bad}


def kind_words(kind: str) -> str:
    """What is the matter with goods on a shelf."""
    return {
        "recalled": t("Ditarik, masih ada stok", "Recalled, some left"),
        "expired": t("Kedaluwarsa, masih ada stok", "Expired, some left"),
        "negative": t("Stok kurang dari nol", "Stock below nought"),
        "flagged": t("Keahlian pembuat dicabut", "A maker's skill was withdrawn"),
        "expiring": t("Segera kedaluwarsa", "About to expire"),
    }[kind]


def _table(session: Session, outlet: str | None) -> Table:
    rows = read.everything(session, outlet=outlet)
    names = Names(session, {row.sku for row in rows})
    headings = [t("Tempat", "Place"), t("Nama tempat", "Name of the place"), "SKU", t("Produk", "Product")]
    headings += [t("Nomor produksi", "Lot"), t("Baik sebelum", "Best before")]
    headings += [t("Jumlah", "Quantity"), t("Satuan", "Unit")]
    places = {place: (code_of(place), names.place(place)) for place in {row.location for row in rows}}
    products = {sku: (names.product(sku), names.unit(sku)) for sku in {row.sku for row in rows}}
    body = []
    for row in rows:
        product, unit = products[row.sku]
        body.append((*places[row.location], row.sku, product, row.lot, row.expires_on, row.on_hand, unit))
    return Table(f"lapak-stok-{business_day(now())}", headings, body)
