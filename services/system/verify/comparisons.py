"""What is compared: of sales' and training's events, and in `goods.py` of inventory's."""

from __future__ import annotations

from services.system.verify.effects import Comparison
from services.system.verify.says import instant, joined, number, parts, rank, spaced, word

_E = "FROM ({e}) AS e"
_LINES = f"{_E}, {parts('lines')} WITH ORDINALITY AS l (l, at)"


def _lines(*names: str) -> list[str]:
    return [number("l.l", name) if name == "quantity" else word("l.l", name) for name in names]


_SALE_LINE = ("sku", "lot", "quantity", "unit_price", "discount", "amount")

_OUTLET = ("version", "name", "kind", "opens_on", "closes_on")

OF_SALES = (
    Comparison(
        "sales → its own log: every sale as announced",
        "sales",
        ("SaleRecorded",),
        "sales",
        f"""SELECT e.subject AS k, {
            joined(
                word("e.data", "outlet"),
                word("e.data", "register"),
                word("e.data", "register_no"),
                instant("e.data", "sold_at"),
            )
        } AS v {_E}""",
        f"""SELECT id::text AS k, {joined("outlet", "register", "register_no", "sold_at")} AS v FROM sale""",
    ),
    Comparison(
        "sales → its own log: every sold line as announced",
        "sales",
        ("SaleRecorded",),
        "sales",
        f"SELECT {spaced('e.subject', word('l.l', 'line_id'))} AS k, {joined(*_lines(*_SALE_LINE))} AS v {_LINES}",
        f"""SELECT sale_id || ' ' || id AS k, {
            joined("sku", "lot", "trim_scale(quantity)", "unit_price", "discount", "amount")
        } AS v FROM sale_line""",
    ),
    Comparison(
        "sales → its own log: every return as announced",
        "sales",
        ("SaleReturned",),
        "sales",
        f"""SELECT {spaced("e.subject", word("l.l", "line_id"))} AS k,
                   {
            joined(
                word("e.data", "sale_id"),
                word("e.data", "outlet"),
                instant("e.data", "returned_at"),
                *_lines("sku", "quantity", "amount", "reason_code", "restock"),
            )
        } AS v {_LINES}""",
        f"""SELECT r.id || ' ' || l.line_id AS k,
                   {
            joined(
                "r.sale_id",
                "r.outlet",
                "r.returned_at",
                "l.sku",
                "trim_scale(l.quantity)",
                "l.amount",
                "l.reason_code",
                "l.restock",
            )
        } AS v
              FROM sale_return r JOIN return_line l ON l.return_id = r.id
              JOIN return_verdict v ON v.return_id = r.id AND v.verdict = 'recorded'""",
    ),
    Comparison(
        "sales → its own log: every assigned lot as announced",
        "sales",
        ("SaleLotAssigned",),
        "sales",
        f"""SELECT {spaced(word("e.data", "sale_id"), "e.subject", word("e.data", "version"))} AS k,
                   {word("e.data", "lot")} AS v {_E}""",
        "SELECT sale_id || ' ' || line_id || ' ' || version AS k, lot AS v FROM lot_assignment",
    ),
    Comparison(
        "sales → its own log: every outlet as announced",
        "sales",
        ("OutletOpened",),
        "sales",
        (
            _OUTLETS_TOLD := f"""
            SELECT DISTINCT ON (e.subject) e.subject AS k,
                   {joined(*(word("e.data", name) for name in _OUTLET))} AS v
              {_E} ORDER BY e.subject, {rank("e.data", "version")} DESC"""
        ),
        f"""SELECT code AS k, {joined(*_OUTLET)} AS v FROM outlet
             WHERE NOT placeholder""",
    ),
    Comparison(
        "sales → inventory: every outlet is known",
        "sales",
        ("OutletOpened",),
        "inventory",
        _OUTLETS_TOLD,
        f"SELECT code AS k, {joined(*_OUTLET)} AS v FROM outlet",
    ),
    Comparison(
        "sales → inventory: every sold line has moved",
        "sales",
        ("SaleRecorded",),
        "inventory",
        f"""SELECT {spaced("e.subject", word("l.l", "line_id"))} AS k,
                   {
            joined(
                *_lines("sku", "lot", "quantity"),
                "'outlet/' || " + word("e.data", "outlet"),
                "'customer'",
                "0",
                "'-'",
            )
        } AS v
              {_LINES}""",
        (
            _MOVED := f"""
            SELECT document_id || ' ' || line_id AS k,
                   {joined("sku", "lot", "trim_scale(quantity)", "source", "target", "leg", "reason_code")} AS v
              FROM stock_move WHERE document_kind = """
        )
        + "'sale'",
    ),
    Comparison(
        "sales → inventory: every returned line has moved",
        "sales",
        ("SaleReturned",),
        "inventory",
        f"""SELECT {spaced("e.subject", word("l.l", "line_id"))} AS k,
                   {
            joined(
                *_lines("sku", "lot", "quantity"),
                "'customer'",
                f"CASE l.l->>'restock' WHEN 'true' THEN 'outlet/' || {word('e.data', 'outlet')} ELSE 'scrap' END",
                "l.at - 1",
                word("l.l", "reason_code"),
            )
        } AS v
              {_LINES}""",
        _MOVED + "'return'",
    ),
    Comparison(
        "sales → inventory: every assigned lot has moved, back and forth",
        "sales",
        ("SaleLotAssigned",),
        "inventory",
        f"""SELECT {spaced(word("e.data", "sale_id"), "e.subject", word("e.data", "version"))} AS k,
                   {word("e.data", "lot")} || ' from customer' AS v {_E}""",
        """SELECT forth.document_id || ' ' || forth.line_id || ' ' || forth.leg / 2 AS k,
                  coalesce(forth.lot, '-') || CASE WHEN EXISTS (
                      SELECT FROM stock_move back, stock_move before
                       WHERE (back.document_kind, back.document_id, back.line_id, back.leg)
                           = ('lot-assigned', forth.document_id, forth.line_id, forth.leg - 1)
                         AND (before.document_id, before.line_id, before.leg)
                           = (forth.document_id, forth.line_id, forth.leg - 2)
                         AND before.document_kind = CASE forth.leg WHEN 2 THEN 'sale' ELSE 'lot-assigned' END
                         AND (back.source, back.target, back.sku, back.quantity, back.moved_at)
                           = (before.target, before.source, before.sku, before.quantity, before.moved_at)
                         AND back.lot IS NOT DISTINCT FROM before.lot
                         AND (forth.source, forth.target, forth.sku, forth.quantity, forth.moved_at)
                           = (before.source, before.target, before.sku, before.quantity, before.moved_at)
                  ) THEN ' from customer' ELSE ' from elsewhere' END AS v
             FROM stock_move forth WHERE forth.document_kind = 'lot-assigned' AND forth.leg % 2 = 0""",
    ),
    Comparison(
        "sales → training: every returned line is in the practice log",
        "sales",
        ("SaleReturned",),
        "training",
        f"""SELECT e.subject || ' ' || l.at - 1 AS k,
                   {joined(*_lines("line_id", "sku", "lot", "quantity", "reason_code"))} AS v {_LINES}""",
        f"""SELECT return_id || ' ' || number AS k,
                   {joined("line_id", "sku", "lot", "trim_scale(quantity)", "reason_code")} AS v FROM market_return""",
    ),
)

_GRANT = ("worker_ref", "skill", "basis", "valid_from", "valid_until", "version")

OF_TRAINING = (
    Comparison(
        "training → its own log: every certificate and attestation as announced",
        "training",
        ("SkillGranted",),
        "training",
        f"""SELECT DISTINCT ON (e.subject) e.subject AS k,
                   {joined(*(word("e.data", name) for name in _GRANT[:-1]))} AS v
              {_E} ORDER BY e.subject, {rank("e.data", "version")} DESC""",
        f"""SELECT id::text AS k, {joined("worker_ref", "skill", "'certificate'", "valid_from", "valid_until")} AS v
              FROM certificate
            UNION ALL
            SELECT id::text, {joined("worker_ref", "skill", "'attestation'", "valid_from", "valid_until")}
              FROM attestation""",
    ),
    Comparison(
        "training → its own log: every withdrawal as announced",
        "training",
        ("SkillWithdrawn",),
        "training",
        f"SELECT e.subject AS k, {word('e.data', 'effective')} AS v {_E}",
        "SELECT reference::text AS k, effective::text AS v FROM withdrawal",
    ),
    Comparison(
        "training → inventory: every skill is known as it was granted and withdrawn",
        "training",
        ("SkillGranted", "SkillWithdrawn"),
        "inventory",
        f"""SELECT subject AS k, {
            joined(
                "coalesce(g.data, w.data)->>'worker_ref'",
                "coalesce(g.data, w.data)->>'skill'",
                *(f"g.data->>'{name}'" for name in _GRANT[2:-1]),
                "coalesce(g.data->>'version', '0')",
                "w.data->>'effective'",
            )
        } AS v
              FROM (SELECT DISTINCT ON (e.subject) e.subject, e.data {_E} WHERE e.type LIKE '%SkillGranted%'
                     ORDER BY e.subject, {rank("e.data", "version")} DESC) AS g
              FULL JOIN (SELECT DISTINCT ON (e.subject) e.subject, e.data {_E} WHERE e.type LIKE '%SkillWithdrawn%'
                     ORDER BY e.subject, e.data->>'effective') AS w USING (subject)""",
        f"""SELECT reference AS k, {
            joined("worker_ref", "skill", "basis", "valid_from", "valid_until", "grant_version", "withdrawn_from")
        } AS v FROM skill_grant""",
        whole=True,
    ),
)
