"""What is compared of inventory's events."""

from __future__ import annotations

from services.system.verify.effects import Comparison
from services.system.verify.says import instant, joined, number, parts, rank, spaced, word

_E = "FROM ({e}) AS e"
_LINES = f"{_E}, {parts('lines')} AS l (l)"
_MAKERS = f"{_E}, {parts('makers')} AS m (m)"


def _said(*names: str) -> list[str]:
    return [word("e.data", name) for name in names]


_PRODUCT = ("version", "workshop", "category", "unit", "list_price")
_NAMES = ("e.data->'name'->>'id'", "e.data->'name'->>'en'")
# By the clock of the terminal, or of the server where that is earlier: which one, was decided at acceptance, for good.
_MADE_ON = """
    CASE WHEN b.made_on IN ((o.made_at AT TIME ZONE 'Asia/Makassar')::date,
                            (o.received_at AT TIME ZONE 'Asia/Makassar')::date) THEN b.made_on END
"""
_COUNTED_AT = "CASE WHEN m.moved_at IN (r.received_at, r.posted_at) THEN m.moved_at END"
_NEWEST = f"{_E} ORDER BY e.subject, {rank('e.data', 'version')} DESC"

OF_INVENTORY = (
    Comparison(
        "inventory → its own log: every product as announced",
        "inventory",
        ("ProductPublished",),
        "inventory",
        f"""SELECT DISTINCT ON (e.subject) e.subject AS k,
                   {joined(*_said(*_PRODUCT), *_NAMES, *_said("material_cost", "shelf_life_days", "active"))} AS v
              {_NEWEST}""",
        f"""SELECT sku AS k,
                   {joined(*_PRODUCT, "name_id", "name_en", "material_cost", "shelf_life_days", "active")} AS v
              FROM product""",
    ),
    Comparison(
        "inventory → sales: every product is known",
        "inventory",
        ("ProductPublished",),
        "sales",
        f"""SELECT DISTINCT ON (e.subject) e.subject AS k, {joined(*_said(*_PRODUCT), *_NAMES, *_said("active"))} AS v
              {_NEWEST}""",
        f"SELECT sku AS k, {joined(*_PRODUCT, 'name_id', 'name_en', 'active')} AS v FROM product",
    ),
    Comparison(
        "inventory → sales: every list price is known",
        "inventory",
        ("ProductPublished",),
        "sales",
        f"""SELECT DISTINCT {spaced("e.subject", word("e.data", "version"))} AS k, {word("e.data", "list_price")} AS v
              {_E}""",
        "SELECT sku || ' ' || version AS k, list_price::text AS v FROM product_price",
    ),
    Comparison(
        "inventory → its own log: every accepted output as announced",
        "inventory",
        ("OutputAccepted",),
        "inventory",
        f"""SELECT e.subject AS k,
                   {
            joined(
                *_said("workshop", "sku", "lot"),
                number("e.data", "good"),
                number("e.data", "rejected"),
                word("e.data", "made_on"),
            )
        } AS v {_E}""",
        f"""SELECT o.id::text AS k,
                   {
            joined(
                "o.workshop",
                "o.sku",
                "d.lot",
                "trim_scale(d.good)",
                "trim_scale(d.rejected)",
                _MADE_ON,
            )
        } AS v
              FROM output o JOIN output_decision d ON d.output_id = o.id JOIN lot b ON b.output_id = o.id
             WHERE d.decision = 'accepted'""",
    ),
    Comparison(
        "inventory → its own log: every maker's share as announced",
        "inventory",
        ("OutputAccepted",),
        "inventory",
        f"SELECT {spaced('e.subject', word('m.m', 'worker_ref'))} AS k, {word('m.m', 'share_bp')} AS v {_MAKERS}",
        """SELECT m.output_id || ' ' || m.worker_ref AS k, m.share_bp::text AS v
             FROM output_maker m JOIN output_decision d ON d.output_id = m.output_id AND d.decision = 'accepted'""",
    ),
    Comparison(
        "inventory → training: every maker has practised",
        "inventory",
        ("OutputAccepted",),
        "training",
        f"""SELECT {spaced("e.subject", word("m.m", "worker_ref"))} AS k,
                   {
            joined(*_said("sku", "workshop", "lot", "made_on"), number("e.data", "good"), word("m.m", "share_bp"))
        } AS v {_MAKERS}""",
        f"""SELECT output_id || ' ' || worker_ref AS k,
                   {joined("sku", "workshop", "lot", "made_on", "trim_scale(good)", "share_bp")} AS v FROM practice""",
    ),
    *(
        Comparison(
            name,
            "inventory",
            ("LotCreated",),
            holder,
            f"SELECT e.subject AS k, {joined(*_said('sku', 'workshop', 'made_on', 'expires_on'))} AS v {_E}",
            f"SELECT code AS k, {joined('sku', 'workshop', 'made_on', 'expires_on')} AS v FROM lot",
        )
        for name, holder in (
            ("inventory → its own log: every lot as announced", "inventory"),
            ("inventory → sales: every lot is known", "sales"),
        )
    ),
    Comparison(
        "inventory → its own log: every receipt as announced",
        "inventory",
        ("ConsignmentReceived",),
        "inventory",
        f"""SELECT {spaced("e.subject", word("l.l", "sku"), word("l.l", "lot"))} AS k,
                   {
            joined(*_said("consignment_id", "outlet"), instant("e.data", "received_at"), number("l.l", "good"))
        } AS v {_LINES}""",
        f"""SELECT {spaced("r.id", "l.sku", "l.lot")} AS k,
                   {joined("r.consignment_id", "substr(c.destination, 8)", _COUNTED_AT, "trim_scale(l.good)")} AS v
              FROM receipt r JOIN receipt_line l ON l.receipt_id = r.id JOIN consignment c ON c.id = r.consignment_id
              JOIN stock_move m
                ON (m.document_id, m.line_id, m.leg, m.document_kind) = (r.id, l.id, 0, 'receipt')
             WHERE l.good > 0 AND c.destination LIKE 'outlet/%'""",
    ),
    Comparison(
        "inventory → sales: every received line is on its shelf",
        "inventory",
        ("ConsignmentReceived",),
        "sales",
        f"""SELECT {spaced("e.subject", word("l.l", "sku"), word("l.l", "lot"))} AS k,
                   {joined(word("e.data", "outlet"), number("l.l", "good"))} AS v {_LINES}""",
        f"""SELECT {spaced("receipt_id", "sku", "lot")} AS k, {joined("outlet", "trim_scale(good)")} AS v
              FROM received_line""",
    ),
    Comparison(
        "inventory → its own log: every change of an outlet's stock as announced",
        "inventory",
        ("StockMoved",),
        "inventory",
        f"""SELECT {spaced(*_said("outlet", "sku", "lot"))} AS k,
                   trim_scale(sum(CASE WHEN jsonb_typeof(e.data->'delta') = 'number' THEN (e.data->'delta')::numeric
                                  END))::text AS v {_E} GROUP BY 1""",
        f"""SELECT {spaced("substr(place, 8)", "sku", "lot")} AS k, trim_scale(sum(delta))::text AS v
              FROM (SELECT source AS place, sku, lot, -quantity AS delta FROM stock_move
                     WHERE document_kind IN ('dispatch', 'discrepancy', 'write-off')
                    UNION ALL SELECT target, sku, lot, quantity FROM stock_move
                     WHERE document_kind IN ('dispatch', 'discrepancy', 'write-off')) AS ends
             WHERE place LIKE 'outlet/%' GROUP BY 1""",
        whole=True,
    ),
    Comparison(
        "inventory → sales: every change of an outlet's stock is known",
        "inventory",
        ("StockMoved",),
        "sales",
        f"""SELECT e.subject AS k, {
            joined(*_said("outlet", "sku", "lot"), number("e.data", "delta"), word("e.data", "reason_code"))
        } AS v {_E}""",
        f"""SELECT move_id::text AS k, {joined("outlet", "sku", "lot", "trim_scale(delta)", "reason_code")} AS v
              FROM stock_change""",
    ),
    *(
        Comparison(
            name,
            "inventory",
            ("LotRecalled",),
            holder,
            f"""SELECT e.subject AS k, {joined(*_said("sku", "reason_code"), instant("e.data", "recalled_at"))} AS v
                  {_E}""",
            f"""SELECT r.lot AS k, {joined(sku, "r.reason_code", "r.recalled_at")} AS v
                  FROM lot_recall r LEFT JOIN lot l ON l.code = r.lot""",
        )
        for name, holder, sku in (
            ("inventory → its own log: every recall as announced", "inventory", "l.sku"),
            ("inventory → sales: every recall is known", "sales", "r.sku"),
        )
    ),
)
