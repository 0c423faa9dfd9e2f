"""Revoked tokens: each service refuses what any of the three has announced, and nothing besides."""

from __future__ import annotations

from collections.abc import Mapping

from services.system.verify.effects import announced, received
from services.system.verify.findings import Check
from services.system.verify.heads import Aside
from services.system.verify.says import instant
from services.system.verify.snapshots import View
from shared.config import SERVICES

#: What runs out within the hour is forgotten soon, if not already.
_SOON = "SELECT (now() + interval '1 hour')::text"
_TOLD = f"""
    SELECT e.subject AS jti, {instant("e.data", "expires_at")} AS until FROM ({{e}}) AS e
     WHERE {instant("e.data", "expires_at")} > :soon
"""
_KEPT = "SELECT jti, expires_at::text AS until FROM revoked_token WHERE expires_at > CAST(:soon AS timestamptz)"


def check_revoked(view: View, service: str, aside: Mapping[str, Aside]) -> Check:
    """What a service refuses, against what it has announced itself and received from the others."""
    check = Check(f"{service}: every revoked token is refused")
    told: dict[str, set[str]] = {}
    soon = view.holder(service, _SOON)[0][0]
    for source in SERVICES:
        types = [f"lapak.{source}.TokenRevoked.v1"]
        events, values = announced(types) if source == service else received(view, service, source, types, aside)
        ask = view.holder if source == service else view.source  # its own are announced as they are kept
        for row in ask(source, _TOLD.format(e=events), **values, soon=soon):
            told.setdefault(row.jti, set()).add(row.until)
    kept = {row.jti: row.until for row in view.holder(service, _KEPT, soon=soon)}
    check.compared = len(told)
    for jti in sorted(told.keys() | kept.keys()):
        if kept.get(jti) not in told.get(jti, {None}):
            said = " or ".join(sorted(told.get(jti, {"nothing"})))
            check.differ(f"TokenRevoked {jti}: announced {said}, found {kept.get(jti, 'nothing')}")
    return check
