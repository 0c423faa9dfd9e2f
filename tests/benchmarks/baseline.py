"""The baseline: the same rows, written by a plain SQL function, one server-side call per sale (or per batch).

It has the tables and indexes of sales and inventory, and nothing else: no HTTP, no validation, no work items, no log.
"""

from __future__ import annotations

import psycopg

_SCHEMA = """
CREATE SCHEMA IF NOT EXISTS baseline;
{tables}
CREATE OR REPLACE FUNCTION baseline.record_sales(given jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO baseline.sale SELECT * FROM jsonb_populate_recordset(NULL::baseline.sale, given->'sales');
    INSERT INTO baseline.sale_line SELECT * FROM jsonb_populate_recordset(NULL::baseline.sale_line, given->'lines');
    INSERT INTO baseline.payment SELECT * FROM jsonb_populate_recordset(NULL::baseline.payment, given->'payments');
    INSERT INTO baseline.outlet_stock (outlet, sku, lot, on_hand)
    SELECT outlet, sku, lot, sum(on_hand)
      FROM jsonb_populate_recordset(NULL::baseline.outlet_stock, given->'stock') GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (outlet, sku, lot) DO UPDATE SET on_hand = outlet_stock.on_hand + excluded.on_hand;
    INSERT INTO baseline.outbox (event_id, type, subject, time, traceparent, data)
    SELECT event_id, type, subject, time, traceparent, data
      FROM jsonb_populate_recordset(NULL::baseline.outbox, given->'outbox');
$$;
"""
_MOVES = """
CREATE SCHEMA IF NOT EXISTS baseline;
{tables}
CREATE OR REPLACE FUNCTION baseline.move_goods(given jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO baseline.stock_move (document_kind, document_id, line_id, lot, leg, source, target, sku, quantity,
                                     moved_at)
    SELECT 'sale', document_id, line_id, lot, 0, source, 'customer', sku, quantity, moved_at
      FROM jsonb_populate_recordset(NULL::baseline.stock_move, given);
    INSERT INTO baseline.stock_balance (location, sku, lot, on_hand)
    SELECT location, sku, lot, sum(delta) FROM (
        SELECT source AS location, sku, lot, -quantity AS delta
          FROM jsonb_populate_recordset(NULL::baseline.stock_move, given)
        UNION ALL SELECT 'customer', sku, lot, quantity
          FROM jsonb_populate_recordset(NULL::baseline.stock_move, given)) ends
     GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    ON CONFLICT (location, sku, lot) DO UPDATE SET on_hand = stock_balance.on_hand + excluded.on_hand;
$$;
"""


def _copies(*tables: str) -> str:
    return "\n".join(f"CREATE TABLE IF NOT EXISTS baseline.{t} (LIKE public.{t} INCLUDING ALL);" for t in tables)


def prepare(sales_url: str, inventory_url: str) -> None:
    """Make the tables and functions, as the owner, beside the real ones."""
    for url, schema, tables in (
        (sales_url, _SCHEMA, ("sale", "sale_line", "payment", "outlet_stock", "outbox")),
        (inventory_url, _MOVES, ("stock_move", "stock_balance")),
    ):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(schema.format(tables=_copies(*tables)).encode())
