"""What sales know, as one hash: two databases that have heard the same things have the same."""

from __future__ import annotations

from sqlalchemy import text

from shared.db import Session
from shared.statehash import hash_of

# Facts, projections, shelves and open work items; no server times, no surrogate ids, no closed items, no snapshots.
PARTS = (
    "SELECT code, name, kind, opens_on, closes_on, version FROM outlet ORDER BY code",
    "SELECT code, outlet, name, version FROM register ORDER BY code",
    "SELECT sku, outlet, valid_from, price FROM price ORDER BY sku, outlet, valid_from",
    "SELECT sku, name_id, name_en, workshop, unit, list_price, active, version FROM product ORDER BY sku",
    "SELECT sku, version, list_price FROM product_price ORDER BY sku, version",
    "SELECT code, sku, workshop, made_on, expires_on FROM lot ORDER BY code",
    "SELECT lot, sku, reason_code, recalled_at FROM lot_recall ORDER BY lot",
    "SELECT receipt_id, outlet, sku, lot, good FROM received_line ORDER BY receipt_id, sku, lot",
    "SELECT move_id, outlet, sku, lot, delta FROM stock_change ORDER BY move_id",
    "SELECT outlet, sku, lot, on_hand FROM outlet_stock WHERE on_hand <> 0 ORDER BY outlet, sku, lot",
    "SELECT id, register, outlet, opened_at, opening_float, cashier FROM shift ORDER BY id",
    "SELECT shift_id, closed_at, counted FROM shift_close ORDER BY shift_id",
    "SELECT id, register, outlet, register_no, shift_id, sold_at, total, sums_ok FROM sale ORDER BY id",
    """SELECT sale_id, id, sku, lot, quantity, unit_price, discount, discount_reason, amount
         FROM sale_line ORDER BY sale_id, id""",
    "SELECT sale_id, id, kind, amount, reference FROM payment ORDER BY sale_id, id",
    "SELECT sale_id, line_id, version, lot FROM lot_assignment ORDER BY sale_id, line_id, version",
    """SELECT r.id, r.sale_id, r.register, r.returned_at, r.refund_kind, r.refund_amount, d.shift_id
         FROM sale_return r LEFT JOIN drawer d ON d.return_id = r.id ORDER BY r.id""",
    "SELECT return_id, id, line_id, sku, lot, quantity, amount, restock FROM return_line ORDER BY return_id, id",
    "SELECT return_id, verdict FROM return_verdict ORDER BY return_id",
    "SELECT code, subject FROM work_item WHERE closed_at IS NULL ORDER BY code, subject",
    "SELECT register, raw FROM quarantine WHERE resolved_at IS NULL ORDER BY register, raw",
    "SELECT jti FROM revoked_token WHERE expires_at > now() ORDER BY jti",
)


def state_hash(session: Session) -> str:
    """SHA-256 over facts, projections, shelves and open work items (hex)."""
    return hash_of(session, [text(part) for part in PARTS])
