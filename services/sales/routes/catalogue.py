"""What can be sold, and what was."""

from __future__ import annotations

import time
from typing import Any

from flask import Response, request

from services.sales.queries import catalogue as read
from services.sales.queries import catalogue_outlines, reports
from services.sales.schemas import reference as shapes
from shared import jsontext
from shared.clock import now
from shared.http import Blueprint, current_database, current_token, require_scope, requires, transaction

bp = Blueprint("catalogue", __name__, description="Catalogue and reports")

_catalogue = shapes.Catalogue()


@bp.get("/catalogue")
@requires("register", "outlet", "city", "auditor")
@bp.arguments(shapes.CatalogueArgs(), location="query")
@bp.alt_response(200, schema=_catalogue, description="All that the outlet can sell")
@bp.alt_response(304, description="Nothing has changed since the ETag sent")
def get_catalogue(args: dict[str, Any]) -> Any:
    """Products with price and lots at an outlet, first expired first; answers 304 when nothing changed."""
    require_scope(outlet=args["outlet"])
    since = time.monotonic()
    with transaction() as session:
        items = read.catalogue(session, outlet=args["outlet"], moment=now())
    body = _catalogue.dump({"outlet": args["outlet"], "items": items})
    answer = Response(jsontext.dumps(body), content_type="application/json")
    answer.headers["Cache-Control"] = "private, no-cache"
    tag = read.etag(items)
    answer.set_etag(tag)
    if current_token().outlet == args["outlet"]:  # others may name any
        catalogue_outlines.saw(current_database(), args["outlet"], read.outline_of(tag), since=since)
    return answer.make_conditional(request)


@bp.get("/reports/sales")
@requires("outlet", "city", "treasurer", "auditor")
@bp.arguments(shapes.ReportArgs(), location="query")
@bp.response(200, shapes.Report())
def report_sales(args: dict[str, Any]) -> Any:
    """Sales and refunds by day, outlet, product or workshop; an outlet sees its own."""
    require_scope(outlet=args["outlet"])
    wanted = args | {"outlet": current_token().outlet or args["outlet"]}
    with transaction() as session:
        return {"group": args["group"], "items": reports.sales(session, **wanted)}
