"""The public page of a lot, behind the QR code on its label."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, render_template

from services.inventory.queries import stock
from shared.http import PUBLIC, Blueprint, requires, transaction

bp = Blueprint("public", __name__, url_prefix="/", description="Public pages", template_folder="../web/templates")

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@bp.get("/p/<lot>")
@requires(PUBLIC)
@bp.alt_response(200, schema={"type": "string"}, content_type="text/html", description="The page")
def lot_page(lot: str) -> Response:
    """What a buyer may know of a lot; never a person."""
    with transaction() as session:
        known: dict[str, Any] | None = stock.public_page(session, lot[:40].replace("\x00", ""))
    answer = make_response(render_template("lot.html", lot=known), 200 if known else 404)
    answer.headers["Content-Security-Policy"] = _POLICY
    return answer
