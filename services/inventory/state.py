"""What inventory knows, as one hash: two databases that have heard the same things have the same."""

from __future__ import annotations

from sqlalchemy import text

from shared.db import Session
from shared.statehash import hash_of

# Facts, projections and balances by their own names; no server times, no surrogate ids, no cursors.
PARTS = (
    "SELECT code, name, version FROM workshop ORDER BY code",
    (
        "SELECT sku, name_id, name_en, workshop, category, unit, required_skill, list_price, material_cost,"
        " shelf_life_days, active, materials_id, materials_en, care_id, care_en, version FROM product ORDER BY sku"
    ),
    "SELECT code, name, kind, opens_on, closes_on, version FROM outlet ORDER BY code",
    (
        "SELECT reference, worker_ref, skill, basis, valid_from, valid_until, grant_version, withdrawn_from"
        " FROM skill_grant ORDER BY reference"
    ),
    "SELECT id, workshop, sku, good, rejected, made_at FROM output ORDER BY id",
    "SELECT output_id, worker_ref, share_bp FROM output_maker ORDER BY output_id, worker_ref",
    "SELECT output_id, decision, good, rejected, reason FROM output_decision ORDER BY output_id",
    "SELECT id, origin, destination FROM consignment ORDER BY id",
    "SELECT consignment_id, sku, lot, quantity FROM consignment_line ORDER BY consignment_id, sku, lot",
    "SELECT consignment_id FROM consignment_dispatch ORDER BY consignment_id",
    "SELECT id, consignment_id, received_at, signed_by FROM receipt ORDER BY id",
    "SELECT receipt_id, sku, lot, good, damaged FROM receipt_line ORDER BY receipt_id, sku, lot",
    "SELECT discrepancy_id, quantity, reason_code FROM discrepancy_resolution ORDER BY discrepancy_id, number",
    "SELECT consignment_id, sku, lot, sent, good, damaged, resolved FROM discrepancy ORDER BY consignment_id, sku, lot",
    "SELECT id, location, reason_code FROM write_off ORDER BY id",
    "SELECT write_off_id, sku, lot, quantity FROM write_off_line ORDER BY write_off_id, sku, lot",
    "SELECT write_off_id FROM write_off_approval ORDER BY write_off_id",
    "SELECT lot, reason_code FROM lot_recall ORDER BY lot",
    (
        "SELECT document_kind, document_id, line_id, lot, leg, source, target, sku, quantity"
        " FROM stock_move ORDER BY document_id, line_id, lot, leg, document_kind"
    ),
    "SELECT location, sku, lot, on_hand FROM stock_balance WHERE on_hand <> 0 ORDER BY location, sku, lot",
    "SELECT jti FROM revoked_token WHERE expires_at > now() ORDER BY jti",
    "SELECT event->>'id', waiting_for FROM parked ORDER BY 1",
)


def state_hash(session: Session) -> str:
    """SHA-256 over facts, projections and balances (hex)."""
    return hash_of(session, [text(part) for part in PARTS])
