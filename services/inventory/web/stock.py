"""Stock by place."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from marshmallow import fields, validate

from services.inventory.models.base import TRANSIT
from services.inventory.queries import stock as read
from services.inventory.web.naming import Names
from shared.clock import business_day, now
from shared.fields import Code, PageArgs
from shared.http import requires, transaction
from shared.web import Pages, form, show, t

bp = Pages("stock_pages", __name__)

_A_PAGE = 100


class _Args(PageArgs):
    location = fields.String(load_default=None, validate=validate.Regexp(r"[a-z]+(/[A-Za-z0-9._-]{1,40})?\Z"))
    sku = Code(load_default=None)


@bp.get("/stock")
@requires("staff", "auditor")
def stock_page() -> Response:
    """What lies where; what is expired or recalled is marked."""
    args = form(_Args(only=("location", "sku", "after")), request.args.to_dict())
    with transaction() as session:
        page = read.shelves(session, limit=_A_PAGE, **args)
        stocked = read.stocked(session)
        names = Names(session, {row.sku for row in page.items} | set(stocked))
    ways = [(t("Di jalan", "On the way"), [(TRANSIT, names.place(TRANSIT))])]
    products = sorted(((sku, names.product(sku)) for sku in stocked), key=lambda one: one[1])
    filters: dict[str, Any] = {"chosen": args, "places": ways + names.ends(code=str), "products": products}
    return show("stock/list.html", page=page, names=names, today=business_day(now()), **filters)
