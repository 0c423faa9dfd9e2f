"""The label of a lot: a 58 mm sticker with what a buyer may know, and two codes to scan. Never a person."""

from __future__ import annotations

from decimal import ROUND_CEILING
from typing import Any

from flask import Response, request
from marshmallow import Schema, fields, validate

from services.inventory.models import Lot
from services.inventory.queries import lots as read
from services.inventory.web.codes import barcode, qr
from services.inventory.web.naming import Names
from services.inventory.web.words import told
from shared.db import Session
from shared.errors import Invalid, NotFound
from shared.fields import check_code
from shared.web import form, show

#: A roll of labels is about so long; what is more is printed again.
MOST = 1000


class Copies(Schema):
    """How many to print; as many as there are good pieces when nothing is said. `accepted`: straight from there."""

    copies = fields.Integer(load_default=None, validate=validate.Range(min=1, max=MOST))
    accepted = fields.String(load_default=None)


def find(session: Session, code: str) -> Lot:
    """The lot. Raises NotFound, Invalid."""
    found = session.get(Lot, check_code(code, "lot"))
    if found is None:
        raise NotFound("No such lot.")
    return found


def public_address(lot: str) -> str:
    """Where the QR code leads: the lot's public page, at the address by which this page was asked for."""
    return f"{request.host_url}inventory/p/{lot}"


def label_of(session: Session, lot: Lot) -> dict[str, Any]:
    """What stands on the label, and how many there are to stick on."""
    names = Names(session, [lot.sku])
    pieces = read.accepted(session, lot.code).to_integral_value(ROUND_CEILING)
    return {
        "lot": lot,
        "product": names.product(lot.sku),
        "workshop": names.place(f"workshop/{lot.workshop}"),
        "address": public_address(lot.code),
        "qr": qr(public_address(lot.code)),
        "barcode": barcode(lot.code),
        "pieces": min(int(pieces), MOST),
    }


def page(session: Session, code: str) -> Response:
    """The label with the form for the number of copies. Raises NotFound."""
    label = label_of(session, find(session, code))
    wanted, refused, status = {"copies": None, "accepted": None}, [], 200
    try:
        wanted = form(Copies(), request.args.to_dict())
    except Invalid as problem:
        refused, status = told(problem), problem.status
    copies = wanted["copies"] or label["pieces"]
    shown = request.args.get("copies") or copies
    accepted = wanted["accepted"] is not None
    return show(
        "lots/label.html",
        status,
        label=label,
        copies=copies,
        shown=shown,
        refused=refused,
        accepted=accepted,
        most=MOST,
    )
