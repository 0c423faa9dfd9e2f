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
_TOLD = f"""
    SELECT e.subject AS jti, {instant("e.data", "expires_at")} AS until FROM ({{e}}) AS e
     WHERE {instant("e.data", "expires_at")} > (now() + interval '1 hour')::text
"""
_KEPT = "SELECT jti, expires_at::text AS until FROM revoked_token WHERE expires_at > now() + interval '1 hour'"


def check_revoked(view: View, service: str, aside: Mapping[str, Aside]) -> Check:
    """What a service refuses, against what it has announced itself and received from the others."""
    check = Check(f"{service}: every revoked token is refused")
    told: dict[str, set[str]] = {}
    for source in SERVICES:
        types = [f"lapak.{source}.TokenRevoked.v1"]
        events, values = announced(types) if source == service else received(view, service, source, types, aside)
        for row in view.source(source, _TOLD.format(e=events), **values):
            told.setdefault(row.jti, set()).add(row.until)
    kept = {row.jti: row.until for row in view.holder(service, _KEPT)}
    check.compared = len(told)
    for jti in sorted(told.keys() | kept.keys()):
        if kept.get(jti) not in told.get(jti, {None}):
            said = " or ".join(sorted(told.get(jti, {"nothing"})))
            check.differ(f"TokenRevoked {jti}: announced {said}, found {kept.get(jti, 'nothing')}")
    return check
