"""Each service by itself: balances are sums of moves, logs are contiguous, documents have moved their goods."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from services.system.verify.findings import Check
from services.system.verify.heads import Databases
from shared.config import SERVICES
from shared.db import Database

_BALANCES = text("""
    WITH ends AS (
        SELECT target AS location, sku, coalesce(lot, '') AS lot, quantity AS delta FROM stock_move
        UNION ALL SELECT source, sku, coalesce(lot, ''), -quantity FROM stock_move
    ), sums AS (
        SELECT location, sku, lot, sum(delta) AS total FROM ends GROUP BY location, sku, lot
    ), kept AS (SELECT location, sku, coalesce(lot, '') AS lot, on_hand FROM stock_balance)
    SELECT location, sku, lot, coalesce(on_hand, 0) AS on_hand, coalesce(total, 0) AS total
      FROM sums FULL JOIN kept USING (location, sku, lot)
""")
_SHELVES = text("""
    WITH known AS (
        SELECT line.sale_id, line.id, line.sku, line.quantity, sale.outlet,
               coalesce((SELECT a.lot FROM lot_assignment a WHERE a.sale_id = line.sale_id AND a.line_id = line.id
                          ORDER BY version DESC LIMIT 1), line.lot, '') AS lot
          FROM sale_line line JOIN sale ON sale.id = line.sale_id
    ), change AS (
        SELECT outlet, sku, lot, -quantity AS delta FROM known
        UNION ALL SELECT outlet, sku, coalesce(lot, ''), good FROM received_line
        UNION ALL SELECT outlet, sku, coalesce(lot, ''), delta FROM stock_change
        UNION ALL SELECT r.outlet, l.sku, coalesce(l.lot, ''), l.quantity FROM return_line l
          JOIN sale_return r ON r.id = l.return_id
          JOIN return_verdict v ON v.return_id = r.id AND v.verdict = 'recorded' WHERE l.restock
    ), sums AS (SELECT outlet, sku, lot, sum(delta) AS total FROM change GROUP BY outlet, sku, lot),
    kept AS (SELECT outlet, sku, coalesce(lot, '') AS lot, on_hand FROM outlet_stock)
    SELECT outlet AS location, sku, lot, coalesce(on_hand, 0) AS on_hand, coalesce(total, 0) AS total
      FROM sums FULL JOIN kept USING (outlet, sku, lot)
""")
_LOG = text("""
    SELECT s.last_seq, count(e.seq) AS events, coalesce(min(e.seq), 1) AS lo, coalesce(max(e.seq), 0) AS hi
      FROM stream s LEFT JOIN event_log e ON true GROUP BY s.last_seq
""")
# What each document says must have moved, against what has moved for it.
_DOCUMENTS = text("""
    WITH says AS (
        SELECT 'output' AS kind, output_id AS id, coalesce(good, 0) + coalesce(rejected, 0) AS quantity
          FROM output_decision WHERE decision = 'accepted'
        UNION ALL
        SELECT 'dispatch', l.consignment_id, sum(l.quantity) FROM consignment_line l
          JOIN consignment_dispatch d USING (consignment_id) GROUP BY 2
        UNION ALL
        SELECT 'receipt', receipt_id, sum(good + damaged) FROM receipt_line GROUP BY 2
        UNION ALL
        SELECT 'write-off', l.write_off_id, sum(l.quantity) FROM write_off_line l
          JOIN write_off_approval a USING (write_off_id) GROUP BY 2
    ), moved AS (
        SELECT document_kind AS kind, document_id AS id, sum(quantity) AS total FROM stock_move
         WHERE document_kind IN ('output', 'dispatch', 'receipt', 'write-off') GROUP BY 1, 2
    )
    SELECT kind, id, coalesce(quantity, 0) AS quantity, coalesce(total, 0) AS total
      FROM says FULL JOIN moved USING (kind, id)
""")


def check_ledgers(databases: Databases) -> list[Check]:
    """All checks that one service's database can answer alone."""
    return [
        _balances("inventory: balance = sum of moves", databases["inventory"], _BALANCES),
        _documents(databases["inventory"]),
        _balances("sales: shelf = received − sold + returned ± moved", databases["sales"], _SHELVES),
        _logs(databases),
    ]


def _balances(name: str, database: Database, statement: Any) -> Check:
    check = Check(name)
    with database.transaction() as session:
        for row in session.execute(statement):
            check.compared += 1
            if row.on_hand != row.total:
                lot = f"lot {row.lot}" if row.lot else "no lot"
                check.differ(f"{row.location} {row.sku} {lot}: balance {row.on_hand}, moves say {row.total}")
    return check


def _documents(database: Database) -> Check:
    check = Check("inventory: every document has moved its goods")
    with database.transaction() as session:
        for row in session.execute(_DOCUMENTS):
            check.compared += 1
            if row.quantity != row.total:
                check.differ(f"{row.kind} {row.id}: says {row.quantity}, moved {row.total}")
    return check


def _logs(databases: Databases) -> Check:
    check = Check("logs: contiguous from 1 to the head")
    for service in SERVICES:
        with databases[service].transaction() as session:
            row = session.execute(_LOG).one()
        check.compared += row.events
        if (row.lo, row.hi, row.events) != (1, row.last_seq, row.last_seq):
            check.differ(f"{service}: head {row.last_seq}, but {row.events} events from {row.lo} to {row.hi}")
    return check
