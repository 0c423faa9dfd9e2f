"""Rows of one service changed together by SQL, so that they agree: a fact with its sums, or with its event."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

_ONE_SALE = """
    WITH one AS (
        SELECT s.id FROM sale s JOIN payment p ON p.sale_id = s.id JOIN sale_line l ON l.sale_id = s.id
         GROUP BY s.id HAVING count(DISTINCT p.id) = 1 AND count(DISTINCT l.id) = 1 ORDER BY random() LIMIT 1
    )
"""
_ANNOUNCED = (
    "UPDATE event_log e SET data = jsonb_set(data, '{{{field}}}', '{value}') FROM one WHERE e.subject = {subject}"
)


@dataclass(frozen=True)
class Pair:
    """`statement` changes both rows, as parts of one; it returns what names them."""

    service: str
    what: str
    tables: tuple[str, ...]
    statement: str

    def __str__(self) -> str:
        return f"{self.service}: {self.what}"

    def tamper(self, connection: psycopg.Connection[tuple[str]]) -> list[str]:
        """Do it, unseen by triggers; what names the rows. Empty: there are none such."""
        with connection.transaction():
            connection.execute("SET LOCAL session_replication_role = replica")
            return [row[0] for row in connection.execute(self.statement.encode())]


def _with_an_event(service: str, table: str, key: str, change: str, field: str, value: str) -> Pair:
    """A row of reference data, and the event that told of it."""
    announced = _ANNOUNCED.format(field=field, value=value, subject=f"one.{key}::text")
    statement = f"""
        WITH one AS (SELECT t.{key} FROM {table} t JOIN event_log e ON e.subject = t.{key}::text
                     ORDER BY random() LIMIT 1),
             told AS ({announced})
        UPDATE {table} t SET {change} FROM one WHERE t.{key} = one.{key} RETURNING t.{key}::text
    """
    return Pair(service, f"{table} and its event", (table, "event_log"), statement)


_MONEY = (
    Pair(
        "sales",
        "a sale's total and its payment",
        ("sale", "payment"),
        f"""{_ONE_SALE}, paid AS (UPDATE payment p SET amount = amount + 500 FROM one WHERE p.sale_id = one.id)
            UPDATE sale s SET total = total + 500 FROM one WHERE s.id = one.id RETURNING s.id::text""",
    ),
    Pair(
        "sales",
        "a sale's total, line, payment and event",
        ("sale", "sale_line", "payment", "event_log"),
        f"""{_ONE_SALE}, paid AS (UPDATE payment p SET amount = amount - 1 FROM one WHERE p.sale_id = one.id),
            sold AS (UPDATE sale_line l SET amount = amount - 1, discount = discount + 1 FROM one
                      WHERE l.sale_id = one.id),
            told AS ({_ANNOUNCED.format(field="total", value="1", subject="one.id::text")})
            UPDATE sale s SET total = total - 1 FROM one WHERE s.id = one.id RETURNING s.id::text""",
    ),
    Pair(
        "sales",
        "a whole sale gone, with its event",
        ("sale", "sale_line", "payment", "event_log"),
        f"""{_ONE_SALE}, a AS (DELETE FROM payment p USING one WHERE p.sale_id = one.id),
            b AS (DELETE FROM sale_line l USING one WHERE l.sale_id = one.id),
            c AS (DELETE FROM event_log e USING one WHERE e.subject = one.id::text)
            DELETE FROM sale s USING one WHERE s.id = one.id RETURNING s.id::text""",
    ),
    Pair(
        "sales",
        "a refund and its line",
        ("sale_return", "return_line"),
        """WITH one AS (SELECT id FROM sale_return ORDER BY random() LIMIT 1),
           part AS (SELECT DISTINCT ON (return_id) return_id, l.id FROM return_line l JOIN one ON one.id = return_id),
           back AS (UPDATE return_line l SET amount = l.amount + 1 FROM part
                     WHERE (l.return_id, l.id) = (part.return_id, part.id))
           UPDATE sale_return r SET refund_amount = refund_amount + 1 FROM one WHERE r.id = one.id
           RETURNING r.id::text""",
    ),
    Pair(
        "sales",
        "a shift's float and what was counted",
        ("shift", "shift_close"),
        """WITH one AS (SELECT shift_id FROM shift_close ORDER BY random() LIMIT 1),
           counted AS (UPDATE shift_close c SET counted = counted + 1000 FROM one
                        WHERE c.shift_id = one.shift_id)
           UPDATE shift s SET opening_float = opening_float + 1000 FROM one WHERE s.id = one.shift_id
           RETURNING s.id::text""",
    ),
    _with_an_event("sales", "outlet", "code", "name = 'Another'", "name", '"Another"'),
)
_GOODS = (
    Pair(
        "inventory",
        "a move and the balances of both its ends",
        ("stock_move", "stock_balance"),
        """WITH one AS (SELECT id, source, target, sku, lot FROM stock_move ORDER BY random() LIMIT 1),
           ends AS (UPDATE stock_balance b SET on_hand = on_hand + CASE b.location WHEN one.target THEN 1 ELSE -1 END
                      FROM one WHERE b.location IN (one.source, one.target) AND b.sku = one.sku
                       AND b.lot IS NOT DISTINCT FROM one.lot)
           UPDATE stock_move m SET quantity = quantity + 1 FROM one WHERE m.id = one.id RETURNING m.id::text""",
    ),
    Pair(
        "inventory",
        "good booked as damaged, on both papers",
        ("receipt_line", "discrepancy"),
        """WITH one AS (SELECT l.id, r.consignment_id, l.sku, l.lot FROM receipt_line l
                          JOIN receipt r ON r.id = l.receipt_id WHERE l.good >= 1 ORDER BY random() LIMIT 1),
           paper AS (UPDATE discrepancy d SET good = good - 1, damaged = damaged + 1 FROM one
                      WHERE (d.consignment_id, d.sku, d.lot) = (one.consignment_id, one.sku, one.lot))
           UPDATE receipt_line l SET good = good - 1, damaged = damaged + 1 FROM one WHERE l.id = one.id
           RETURNING l.id::text""",
    ),
    Pair(
        "inventory",
        "the shares of two makers",
        ("output_maker",),
        """WITH one AS (SELECT output_id FROM output_maker GROUP BY 1 HAVING count(*) > 1 ORDER BY random() LIMIT 1),
           two AS (SELECT m.output_id, min(m.worker_ref) AS a, max(m.worker_ref) AS b FROM output_maker m
                     JOIN one USING (output_id) GROUP BY 1)
           UPDATE output_maker m SET share_bp = share_bp + CASE m.worker_ref WHEN two.a THEN 1 ELSE -1 END FROM two
            WHERE m.output_id = two.output_id AND m.worker_ref IN (two.a, two.b)
           RETURNING m.output_id || ' ' || m.worker_ref""",
    ),
    _with_an_event("inventory", "lot", "code", "expires_on = '2030-01-01'", "expires_on", '"2030-01-01"'),
    _with_an_event("inventory", "product", "sku", "list_price = 1", "list_price", "1"),
    _with_an_event("training", "certificate", "id", "valid_until = '2040-01-01'", "valid_until", '"2040-01-01"'),
)


#: Those in which a fact agrees with its sums or its event. (That a row agrees with its digest: `tampering`, "forged".)
PAIRS = (*_MONEY, *_GOODS)
