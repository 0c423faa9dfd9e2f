"""Each service by itself: balances are sums of moves, documents have moved their goods, totals are sums of lines."""

from __future__ import annotations

from typing import Any

from services.system.verify.findings import Check
from services.system.verify.says import joined, spaced
from services.system.verify.snapshots import View
from services.system.verify.sums import Side, compare

_BALANCES = """
    WITH sums AS (
        SELECT location, sku, lot, sum(delta) AS total FROM (
            SELECT target AS location, sku, coalesce(lot, '') AS lot, sum(quantity) AS delta FROM stock_move
             GROUP BY 1, 2, 3
            UNION ALL
            SELECT source, sku, coalesce(lot, ''), -sum(quantity) FROM stock_move GROUP BY 1, 2, 3) AS ends
         GROUP BY location, sku, lot
    ), kept AS (SELECT location, sku, coalesce(lot, '') AS lot, on_hand FROM stock_balance)
    SELECT location, sku, lot, coalesce(on_hand, 0) AS on_hand, coalesce(total, 0) AS total
      FROM sums FULL JOIN kept USING (location, sku, lot)
"""
_SHELVES = """
    WITH assigned AS (
        SELECT DISTINCT ON (sale_id, line_id) sale_id, line_id, lot FROM lot_assignment
         ORDER BY sale_id, line_id, version DESC
    ), change AS (
        SELECT sale.outlet, line.sku, coalesce(assigned.lot, line.lot, '') AS lot, -sum(line.quantity) AS delta
          FROM sale_line line JOIN sale ON sale.id = line.sale_id
          LEFT JOIN assigned ON assigned.sale_id = line.sale_id AND assigned.line_id = line.id
         GROUP BY 1, 2, 3
        UNION ALL SELECT outlet, sku, coalesce(lot, ''), good FROM received_line
        UNION ALL SELECT outlet, sku, coalesce(lot, ''), delta FROM stock_change
        UNION ALL SELECT g.outlet, g.sku, coalesce(g.lot, ''), g.quantity FROM returned_goods g
          JOIN return_verdict v ON v.return_id = g.return_id AND v.verdict = 'recorded' WHERE g.restock
    ), sums AS (SELECT outlet, sku, lot, sum(delta) AS total FROM change GROUP BY outlet, sku, lot),
    kept AS (SELECT outlet, sku, coalesce(lot, '') AS lot, on_hand FROM outlet_stock)
    SELECT outlet AS location, sku, lot, coalesce(on_hand, 0) AS on_hand, coalesce(total, 0) AS total
      FROM sums FULL JOIN kept USING (outlet, sku, lot)
"""
_LOG = """
    SELECT s.last_seq, count(e.seq) AS events, coalesce(min(e.seq), 1) AS lo, coalesce(max(e.seq), 0) AS hi
      FROM stream s LEFT JOIN event_log e ON true GROUP BY s.last_seq
"""
# What each line of a document says must have moved, against what has moved for it.
_LEG = spaced("kind", "document", "line", "leg")
_WAY = joined("sku", "lot", "trim_scale(quantity)", "source", "target", "reason")
_SAYS = f"""
    SELECT {_LEG} AS k, {_WAY} AS v FROM (
        SELECT 'output' AS kind, o.id AS document, o.id AS line, leg, o.sku, d.lot, quantity, 'production' AS source,
               target, NULL AS reason
          FROM output o JOIN output_decision d ON d.output_id = o.id AND d.decision = 'accepted'
          CROSS JOIN LATERAL (VALUES (0, 'workshop/' || o.workshop, d.good), (1, 'scrap', d.rejected))
            AS way (leg, target, quantity)
        UNION ALL
        SELECT 'dispatch', l.consignment_id, l.id, 0, l.sku, l.lot, l.quantity, c.origin, 'transit', NULL
          FROM consignment_line l JOIN consignment c ON c.id = l.consignment_id
          JOIN consignment_dispatch d ON d.consignment_id = c.id
        UNION ALL
        SELECT 'receipt', r.id, l.id, leg, l.sku, l.lot, quantity, 'transit', target, NULL
          FROM receipt r JOIN receipt_line l ON l.receipt_id = r.id JOIN consignment c ON c.id = r.consignment_id
          CROSS JOIN LATERAL (VALUES (0, c.destination, l.good), (1, 'scrap', l.damaged)) AS way (leg, target, quantity)
        UNION ALL
        SELECT 'write-off', w.id, l.id, 0, l.sku, l.lot, l.quantity, w.location, 'scrap', w.reason_code
          FROM write_off w JOIN write_off_line l ON l.write_off_id = w.id
          JOIN write_off_approval a ON a.write_off_id = w.id
        UNION ALL
        SELECT 'discrepancy', d.consignment_id, d.id, r.number, d.sku, d.lot, abs(r.quantity),
               CASE r.reason_code WHEN 'surplus' THEN 'adjustment'
                    WHEN 'sent-uncounted' THEN d.origin ELSE 'transit' END,
               CASE r.reason_code WHEN 'lost' THEN 'scrap' WHEN 'not-sent' THEN d.origin ELSE 'transit' END,
               r.reason_code
          FROM discrepancy_resolution r JOIN discrepancy d ON d.id = r.discrepancy_id
    ) AS says WHERE quantity <> 0
"""
_MOVED = f"""
    SELECT {_LEG} AS k, {_WAY} AS v FROM (
        SELECT document_kind AS kind, document_id AS document, line_id AS line, leg, sku, lot, quantity, source, target,
               reason_code AS reason
          FROM stock_move WHERE document_kind NOT IN ('sale', 'return', 'lot-assigned', 'return-lot')) AS moved
"""
_LINE = spaced("consignment_id", "sku", "lot")
_COUNTED = f"""
    SELECT {_LINE} AS k, {
    joined("trim_scale(sum(sent))", "trim_scale(sum(good))", "trim_scale(sum(damaged))", "trim_scale(sum(resolved))")
} AS v
      FROM (SELECT l.consignment_id, l.sku, l.lot,
                   CASE WHEN s.consignment_id IS NULL THEN 0 ELSE l.quantity END AS sent,
                   0 AS good, 0 AS damaged, 0 AS resolved
              FROM consignment_line l LEFT JOIN consignment_dispatch s USING (consignment_id)
             WHERE EXISTS (SELECT FROM receipt r WHERE r.consignment_id = l.consignment_id)
            UNION ALL
            SELECT r.consignment_id, l.sku, l.lot, 0, l.good, l.damaged, 0
              FROM receipt r JOIN receipt_line l ON l.receipt_id = r.id
            UNION ALL
            SELECT d.consignment_id, d.sku, d.lot, 0, 0, 0, r.quantity
              FROM discrepancy_resolution r JOIN discrepancy d ON d.id = r.discrepancy_id) AS facts
     GROUP BY consignment_id, sku, lot
"""
_OPEN = f"""
    SELECT {_LINE} AS k,
           {joined("trim_scale(sent)", "trim_scale(good)", "trim_scale(damaged)", "trim_scale(resolved)")} AS v
      FROM discrepancy
"""
# What is open by the facts, against what is kept of it (services/inventory/models/unfinished.py).
_LACKING = f"""
    SELECT {spaced("'output'", "o.id")} AS k, {joined("o.received_at")} AS v
      FROM output o WHERE NOT EXISTS (SELECT FROM output_decision d WHERE d.output_id = o.id)
    UNION ALL
    SELECT {spaced("'consignment'", "c.id")},
           {joined("c.origin", "c.destination", "c.drafted_at", "d.dispatched_at")}
      FROM consignment c LEFT JOIN consignment_dispatch d ON d.consignment_id = c.id
     WHERE NOT EXISTS (SELECT FROM receipt r WHERE r.consignment_id = c.id)
"""
_KEPT_OPEN = f"""
    SELECT {spaced("'output'", "output_id")} AS k, {joined("received_at")} AS v FROM open_output
    UNION ALL
    SELECT {spaced("'consignment'", "consignment_id")},
           {joined("origin", "destination", "drafted_at", "dispatched_at")} FROM open_consignment
"""
_TOTALS = """
    SELECT s.id, s.register, s.register_no, s.total, lines.amount AS lines, paid.amount AS paid
      FROM sale s
      LEFT JOIN (SELECT sale_id, sum(amount) AS amount FROM sale_line GROUP BY sale_id) lines ON lines.sale_id = s.id
      LEFT JOIN (SELECT sale_id, sum(amount) AS amount FROM payment GROUP BY sale_id) paid ON paid.sale_id = s.id
     WHERE s.sums_ok AND (s.total, s.total) IS DISTINCT FROM (coalesce(lines.amount, 0), coalesce(paid.amount, 0))
"""
# Numbers that a register has used (also those of what could not be read) or that were closed; sales that it has sent.
_NUMBERS = """
    WITH used AS (
        SELECT register, range_agg(int8range(no, no + 1)) AS seen, sum(sold) AS received FROM (
            SELECT register, register_no AS no, 1 AS sold FROM sale
            UNION ALL
            SELECT register, register_no, 0 FROM quarantine
             WHERE kind = 'sale' AND register_no IS NOT NULL AND resolved_by IS DISTINCT FROM 'recorded') AS known
         GROUP BY register
    ), noted AS (SELECT register, range_agg(int8range(lo, hi + 1)) AS closed FROM closed_number GROUP BY register)
    SELECT register, u.seen, n.seen AS kept_seen, coalesce(u.received, 0) AS received, n.received AS kept_received,
           coalesce(c.closed, '{}') AS closed, n.closed AS kept_closed
      FROM used u FULL JOIN noted c USING (register) FULL JOIN register_numbers n USING (register)
"""
_UNJUDGED = """
    SELECT r.id FROM sale_return r JOIN sale s ON s.id = r.sale_id
     WHERE NOT EXISTS (SELECT FROM return_verdict v WHERE v.return_id = r.id)
"""
_TOO_MUCH = """
    SELECT r.sale_id, l.line_id, sum(l.quantity) AS quantity, sum(l.amount) AS amount,
           s.quantity AS sold, s.amount AS got
      FROM return_line l JOIN sale_return r ON r.id = l.return_id
      JOIN return_verdict v ON v.return_id = r.id AND v.verdict = 'recorded'
      LEFT JOIN sale_line s ON s.sale_id = r.sale_id AND s.id = l.line_id
     GROUP BY r.sale_id, l.line_id, s.quantity, s.amount
    HAVING s.quantity IS NULL OR sum(l.quantity) > s.quantity OR sum(l.amount) > s.amount
"""


def check_balances(view: View) -> Check:
    """Inventory's balances."""
    return _balances(Check("inventory: balance = sum of moves"), view.holder("inventory", _BALANCES))


def check_shelves(view: View) -> Check:
    """The outlets' shelves as sales keep them."""
    return _balances(Check("sales: shelf = received − sold + returned ± moved"), view.holder("sales", _SHELVES))


def _balances(check: Check, rows: list[Any]) -> Check:
    for row in rows:
        check.compared += 1
        if row.on_hand != row.total:
            lot = f"lot {row.lot}" if row.lot else "no lot"
            check.differ(f"{row.location} {row.sku} {lot}: balance {row.on_hand}, moves say {row.total}")
    return check


def check_documents(view: View) -> Check:
    """Every line of every document has moved what it says, from where and to where it says."""
    return _both(view, Check("inventory: every document has moved its goods"), _SAYS, _MOVED)


def check_discrepancies(view: View) -> Check:
    """What was sent, counted and resolved of a handover, line by line."""
    return _both(view, Check("inventory: sent = received + short + damaged − surplus"), _COUNTED, _OPEN)


def check_open(view: View) -> Check:
    """What waits for a decision or a count, as it is kept."""
    return _both(view, Check("inventory: what is open is what nobody has decided or counted"), _LACKING, _KEPT_OPEN)


def _both(view: View, check: Check, says: str, held: str) -> Check:
    def ask(statement: str, **values: Any) -> list[Any]:
        return view.holder("inventory", statement, **values)

    check.compared, differences, unread = compare(Side(ask, says, {}), Side(ask, held, {}))
    for one in differences:
        told, found = ((value or "nothing").replace("|", " ") for value in (one.told, one.found))
        check.differ(f"{one.key}: says {told}, found {found}")
    if unread:
        check.differ(f"and more, in {unread} other parts")
    return check


def check_totals(view: View) -> Check:
    """Where a sale's sums were right when it was recorded they are right: total = lines = payments."""
    check = Check("sales: total = sum of lines = sum of payments")
    check.compared = view.holder("sales", "SELECT count(*) FROM sale")[0][0]
    for row in view.holder("sales", _TOTALS):
        where = f"sale {row.id} ({row.register} no. {row.register_no})"
        check.differ(f"{where}: total {row.total}, lines {row.lines or 0}, payments {row.paid or 0}")
    return check


def check_numbers(view: View) -> Check:
    """The receipt numbers that each register has used, and those that nobody waits for any more."""
    check = Check("sales: numbers used = those of sales and of what could not be read")
    for row in view.holder("sales", _NUMBERS):
        check.compared += 1
        for name in ("seen", "received", "closed"):
            said, kept = getattr(row, name), getattr(row, f"kept_{name}")
            if said != kept:
                check.differ(f"register {row.register} numbers {name}: {kept}, its sales and notes say {said}")
    return check


def check_verdicts(view: View) -> Check:
    """Every return whose sale is there was judged, and no more came back than was sold."""
    check = Check("sales: no more came back than was sold")
    check.compared = view.holder("sales", "SELECT count(*) FROM sale_return")[0][0]
    for row in view.holder("sales", _UNJUDGED):
        check.differ(f"return {row.id}: its sale is there, and nobody has judged it")
    for row in view.holder("sales", _TOO_MUCH):
        sold = "was never sold" if row.sold is None else f"sold {row.sold} for {row.got}"
        check.differ(f"sale {row.sale_id} line {row.line_id}: {row.quantity} came back for {row.amount}, {sold}")
    return check


def check_log(view: View, service: str) -> Check:
    """A service's log has no gaps."""
    check = Check(f"{service}: the log is contiguous from 1 to the head")
    for row in view.source(service, _LOG):
        check.compared = row.events
        if (row.lo, row.hi, row.events) != (1, row.last_seq, row.last_seq):
            check.differ(f"head {row.last_seq}, but {row.events} events from {row.lo} to {row.hi}")
    return check
