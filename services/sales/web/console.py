"""The overview for managers and the city: what needs attention, then what was sold."""

from __future__ import annotations

from typing import Any

from flask import Response, request

from services.sales.queries import attention as open_now
from services.sales.queries import names
from services.sales.queries.tills import tills
from services.sales.schemas.console import PERIODS, PeriodArgs, ReportPageArgs, span
from services.sales.web import reports, words
from shared.clock import business_day, now
from shared.db import Session
from shared.errors import Problem
from shared.http import current_token, require_scope, requires, transaction
from shared.web import Pages, form, show, t
from shared.web.exports import download
from shared.web.language import age, rupiah

bp = Pages("console", __name__)


@bp.get("/")
@requires("city", "outlet", "treasurer", "auditor")
def overview() -> Response:
    """What needs attention first, then the sales of a period."""
    asked = _asked(PeriodArgs())
    with transaction() as session:
        found = [reports.read(session, group=group, **asked["of"]) for group in ("day", "outlet", "sku")]
        waiting = [] if current_token().role == "treasurer" else _attention(session, asked["of"]["outlet"])
        outlets = names.outlets(session)
    return show("console/index.html", asked.pop("status"), reports=found, attention=waiting, outlets=outlets, **asked)


@bp.get("/reports")
@requires("city", "outlet", "treasurer", "auditor")
def report_page() -> Response:
    """One report, to look at or to take away."""
    asked = _asked(ReportPageArgs())
    with transaction() as session:
        found = reports.read(session, group=asked["args"].get("group", "day"), **asked["of"])
        outlets = names.outlets(session)
    if asked["args"].get("format"):
        return download(found.table(), asked["args"]["format"])
    return show("console/reports.html", asked.pop("status"), report=found, outlets=outlets, **asked)


def _asked(schema: PeriodArgs) -> dict[str, Any]:
    """What the address asks for; what cannot be read is said, shown again, and the last 30 days shown instead."""
    problem: Problem | None = None
    args: dict[str, Any] = {}
    try:
        args = form(schema, request.args)
    except Problem as refused:
        problem = refused
    require_scope(outlet=args.get("outlet"))
    first, last = span(args, business_day(now()))
    of = {"first": first, "last": last, "outlet": current_token().outlet or args.get("outlet")}
    status = problem.status if problem else 200
    return {"args": args, "of": of, "problem": problem, "status": status, "typed": request.args, "periods": PERIODS}


def _attention(session: Session, outlet: str | None) -> list[dict[str, Any]]:
    """Each with a count, a title, an age, and the page where it is dealt with; the grave ones first."""
    moment = now()
    found = open_now.attention(session, outlet=outlet, today=business_day(moment))
    cards = [_work_item(row) for row in found.work_items]
    if found.quarantine.count:
        cards.append(_card(found.quarantine, t("Nota tak terbaca", "Unreadable receipts"), "quarantine", bad=True))
    if found.waiting.count:
        title = t("Pengembalian menunggu notanya", "Refunds waiting for their sale")
        cards.append(_card(found.waiting, title, "returns", more=rupiah(found.waiting.amount)))
    troubled = [till for till in tills(session, outlet=outlet, moment=moment) if till.troubles]
    for name in dict.fromkeys(name for till in troubled for name in till.troubles):
        those = [till.row for till in troubled if name in till.troubles]
        detail = ", ".join(row.code for row in those[:4]) + (" …" if len(those) > 4 else "")
        cards.append(
            {"count": len(those), "title": words.trouble(name), "detail": detail, "address": "/sales/registers"}
        )
    return sorted(cards, key=lambda card: not card.get("bad"))


def _work_item(row: Any) -> dict[str, Any]:
    title, address = words.oddity(row.code)[0], f"work-items?code={row.code}"
    return _card(row, title, address, more=words.owner(row.owner), bad=row.code in words.GRAVE)


def _card(row: Any, title: str, address: str, *, more: str = "", bad: bool = False) -> dict[str, Any]:
    oldest = t("tertua {age}", "oldest {age}", age=age(row.since))
    detail = f"{oldest} · {more}" if more else oldest
    return {"count": row.count, "title": title, "detail": detail, "address": f"/sales/{address}", "bad": bad}
