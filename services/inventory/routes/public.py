"""The public page of a lot, behind the QR code on its label."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

from flask import Response, make_response, render_template

from services.inventory.queries import public
from shared.clock import business_day, now
from shared.http import PUBLIC, Blueprint, requires, transaction
from shared.web.language import t
from shared.web.limits import LOOKS, at_most

bp = Blueprint("public", __name__, url_prefix="/", description="Public pages", template_folder="../web/templates")

# Style and pictures stand in the page, so that it is one request on a poor network; the style's hash is all that may
# style it.
_STYLE = (Path(__file__).parent.parent / "web" / "templates" / "lot.css").read_text(encoding="utf-8")
_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()
_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
_ICONS = {
    path.stem: path.read_text(encoding="utf-8").replace("#9c4a1a", "currentColor")
    for path in (Path(__file__).parents[3] / "shared" / "web" / "static" / "icons").glob("*.svg")
}


def _craft(category: str) -> str:
    """What kind of thing it is, in the language of the page; a kind not known here as staff wrote it."""
    known = {
        "pakaian": t("Pakaian", "Clothing"),
        "mebel": t("Mebel", "Furniture"),
        "pangan": t("Pangan", "Food"),
        "tekstil": t("Tekstil", "Textiles"),
        "kerajinan": t("Kerajinan tangan", "Handicraft"),
        "sabut": t("Sabut kelapa", "Coconut fibre"),
        "bahan-bangunan": t("Bahan bangunan", "Building materials"),
    }
    return known.get(category, category)


def _page(known: dict[str, Any] | None, status: int) -> Response:
    icon = _ICONS.get(known["craft"] if known else "lapak", _ICONS["lain"])
    told = {"craft": _craft, "icon": icon, "style": _STYLE, "today": business_day(now())}
    answer = make_response(render_template("lot.html", lot=known, status=status, **told), status)
    answer.headers["Content-Security-Policy"] = _POLICY
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _too_often(_: Exception) -> Response:
    return _page(None, 429)


bp.register_error_handler(429, _too_often)


@bp.get("/p/<lot>")
@requires(PUBLIC)
@at_most(LOOKS)
@bp.alt_response(200, schema={"type": "string"}, content_type="text/html", description="The page")
@bp.alt_response(429, schema={"type": "string"}, content_type="text/html", description="Wait: see Retry-After")
def lot_page(lot: str) -> Response:
    """What a buyer may know of a lot; never a person."""
    with transaction() as session:
        known = public.page(session, lot[:40].upper().replace("\x00", ""))
    return _page(known, 200 if known else 404)
