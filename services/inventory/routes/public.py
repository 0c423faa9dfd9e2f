"""The public page of a lot, behind the QR code on its label."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from flask import Response, make_response, render_template

from services.inventory.queries import public
from shared.http import PUBLIC, Blueprint, requires, transaction

bp = Blueprint("public", __name__, url_prefix="/", description="Public pages", template_folder="../web/templates")

# The style stands in the page, so that it is one request on a poor network; its hash is all that may style it.
_STYLE = (Path(__file__).parent.parent / "web" / "templates" / "lot.css").read_text(encoding="utf-8")
_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


@bp.get("/p/<lot>")
@requires(PUBLIC)
@bp.alt_response(200, schema={"type": "string"}, content_type="text/html", description="The page")
def lot_page(lot: str) -> Response:
    """What a buyer may know of a lot; never a person."""
    with transaction() as session:
        known = public.page(session, lot[:40].upper().replace("\x00", ""))
    answer = make_response(render_template("lot.html", lot=known, style=_STYLE), 200 if known else 404)
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
