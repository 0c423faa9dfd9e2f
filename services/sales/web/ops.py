"""The operator's console: does what happened in one service reach the others, what failed, and who is there."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, redirect, request
from marshmallow import Schema

from services.sales.schemas.ops import STATES, FailureArgs, LetterForm
from services.sales.web import ops_picture, ops_words, runbook
from services.sales.web.ops_figures import ACTING, Seen, watch
from shared import holders
from shared.alarms import RULES, SEVERITIES, Alarm, alarms, flows
from shared.config import SERVICES
from shared.errors import NotFound, Problem
from shared.fields import check_code
from shared.http import current_token, requires
from shared.messaging.console_shapes import DiscardBody
from shared.web import Pages, form, show

bp = Pages("ops", __name__)

_A_PAGE = 25
_SEEN_AT = {
    "LapakDeadLetters": "#dead-letters",
    "LapakParkedLong": "#parked-events",
    "NoWorker": "#processes",
    "ProcessQuiet": "#processes",
}


@bp.get("/ops")
@requires("operator", "auditor")
def ops_page() -> Response:
    """What needs attention first, then the flow of events, failures, processes, registers."""
    seen = watch().seen()
    between = flows(seen.services)
    picture = ops_picture.draw(seen.services, between)
    more: dict[str, Any] = {"flows": between, "picture": picture, "rules": RULES, "words": ops_words}
    return show("ops/index.html", seen=seen, items=_items(seen), **more)


@bp.get("/ops/runbook")
@requires("operator", "auditor")
def runbook_page() -> Response:
    """What to do when something is wrong: that part of docs/operations.md."""
    return show("ops/runbook.html", sections=runbook.sections())


@bp.get("/ops/<service>/<fingerprint>")
@requires("operator", "auditor")
def failure_page(service: str, fingerprint: str) -> Response:
    """The dead letters of one failure, redacted, with what may be done about them."""
    return _failure(service, fingerprint, form(FailureArgs(), request.args))


@bp.post("/ops/<service>/<fingerprint>/replay")
@requires("operator")
def replay_page(service: str, fingerprint: str) -> Any:
    """Give one letter, or all open ones of the failure, to their handler again."""
    return _act(service, fingerprint, "replay")


@bp.post("/ops/<service>/<fingerprint>/discard")
@requires("operator")
def discard_page(service: str, fingerprint: str) -> Any:
    """Give one letter, or all open ones of the failure, up; the note says why."""
    return _act(service, fingerprint, "discard", DiscardBody())


def _act(service: str, fingerprint: str, action: str, schema: Schema | None = None) -> Any:
    """Have the service do it in the name of who is signed in; then say on the failure's page what came of it."""
    _check(service, fingerprint)
    try:
        letter = form(LetterForm())["letter"]
        what = f"dead-letters/{letter}" if letter else f"dead-letter-groups/{fingerprint}"
        body = form(schema) if schema else {}
        answer = watch().ask("POST", service, f"{what}/{action}", patience=ACTING, json=body)
    except Problem as problem:
        return _failure(service, fingerprint, FailureArgs().load({}), problem)
    watch().forget()
    return redirect(f"/sales/ops/{service}/{fingerprint}?{urlencode(_counts(answer))}", 303)


def _counts(answer: dict[str, Any]) -> dict[str, int]:
    """What came of it, for the address of the page: a letter's answer counts as one."""
    if "outcome" in answer:
        return {"replayed": 0} | {answer["outcome"]: 1}
    if "state" in answer:
        return {"discarded": 1}
    return answer


def _check(service: str, fingerprint: str) -> None:
    if service not in SERVICES:
        raise NotFound("No such service.")
    check_code(fingerprint, "fingerprint")


def _failure(service: str, fingerprint: str, args: dict[str, Any], problem: Problem | None = None) -> Response:
    _check(service, fingerprint)
    query = {"fingerprint": fingerprint, "state": args["state"], "limit": _A_PAGE}
    try:
        after = {"after": args["after"]} if args["after"] else {}
        page = watch().ask("GET", service, "dead-letters", params=query | after)
    except Problem as silent:
        page, problem = {"items": [], "next": None}, problem or silent
    more = {"page": page, "args": args, "problem": problem, "typed": request.form, "states": STATES}
    more |= {
        "may": _may(service),
        "elsewhere": _looks_only(service),
        "outcome": ops_words.outcome(args),
        "words": ops_words,
    }
    status = problem.status if problem else 200
    return show("ops/failure.html", status, at=service, fingerprint=fingerprint, **more)


def _may(service: str) -> bool:
    return current_token().role == "operator" and not _looks_only(service)


def _looks_only(service: str) -> bool:
    """Whether the service lets who looks do nothing: whoever was paired here acts here only (`shared.holders`)."""
    token = current_token()
    return token.role == "operator" and holders.reach(token.holder, token.role, at=service) != "all"


def _items(seen: Seen) -> list[dict[str, str]]:
    """What needs attention: severity, what is wrong, what to do, where it is seen, the heading of the runbook."""
    items = [_item(alarm) for alarm in alarms(seen.services)]
    here = {"severity": "warning", "remedy": "", "address": "#registers"}
    items += [here | {"key": trouble, "wrong": trouble} for trouble in ops_words.registers(seen.tills)]
    return sorted(items, key=lambda item: SEVERITIES.index(item["severity"]))


def _item(alarm: Alarm) -> dict[str, str]:
    wrong, remedy = ops_words.alarm(alarm)
    key = f"{alarm.name}-{alarm.service}-{alarm.source}-{alarm.what}"
    rule = {"severity": alarm.rule.severity, "runbook": alarm.rule.runbook}
    return rule | {"key": key, "wrong": wrong, "remedy": remedy, "address": _SEEN_AT.get(alarm.name, "#flow")}
