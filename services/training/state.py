"""What training knows, as one hash: two databases that have heard the same things have the same."""

from __future__ import annotations

from sqlalchemy import text

from shared.db import Session
from shared.statehash import hash_of

PARTS = (
    "SELECT worker_ref, version FROM resident ORDER BY worker_ref",
    "SELECT code, name_id, name_en, placeholder, version FROM skill ORDER BY code",
    "SELECT code, name_id, name_en, skill, workshop, lesson_hours, version FROM programme ORDER BY code",
    "SELECT id, worker_ref, skill, programme, result, assessed_on FROM assessment ORDER BY id",
    (
        "SELECT id, worker_ref, skill, kind, number, issuer, valid_from, valid_until, version"
        " FROM certificate ORDER BY id"
    ),
    "SELECT id, worker_ref, skill, valid_from, valid_until FROM attestation ORDER BY id",
    "SELECT reference, effective, reason FROM withdrawal ORDER BY reference",
    (
        "SELECT output_id, worker_ref, sku, workshop, lot, made_on, good, share_bp"
        " FROM practice ORDER BY output_id, worker_ref"
    ),
    "SELECT return_id, number, line_id, sku, lot, quantity, reason_code FROM market_return ORDER BY return_id, number",
    "SELECT jti FROM revoked_token WHERE expires_at > now() ORDER BY jti",
)


def state_hash(session: Session) -> str:
    """SHA-256 over facts and projections (hex)."""
    return hash_of(session, [text(part) for part in PARTS])
