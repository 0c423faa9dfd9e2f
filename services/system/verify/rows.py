"""Every row against the digest that was posted of it when it was written: changed, gone, or of a foreign hand."""

from __future__ import annotations

from typing import Any

from services.system.verify.findings import Check
from services.system.verify.snapshots import View
from services.system.verify.sums import Difference, Side, compare, compare_news
from shared.local.schema import metadata_of
from shared.proof.watching import wanted

_WATCHED = "SELECT table_name, keeps, key, view, event, since, floor FROM watched ORDER BY table_name"
_POSTINGS = """
    SELECT id, keys, digests, hand, posted_at FROM posted WHERE table_name = :table AND id > :floor AND seal > :after
    UNION ALL SELECT id, keys, digests, hand, posted_at FROM posting WHERE table_name = :table AND id > :floor
"""
#: What was posted of rows that stay as they are; of rows that change, the last of each; of facts, what was sealed.
_TOLD = {
    "posted": f"SELECT u.k, u.d::text AS v FROM ({_POSTINGS}) AS p, unnest(p.keys, p.digests) AS u (k, d)",
    "changes": f"""
        SELECT k, v FROM (
            SELECT DISTINCT ON (u.k) u.k, u.d::text AS v FROM ({_POSTINGS}) AS p, unnest(p.keys, p.digests) AS u (k, d)
             ORDER BY u.k, p.id DESC) AS last
         WHERE v IS NOT NULL""",
    "facts": f"""
        SELECT u.k, u.d::text AS v FROM ({_POSTINGS}) AS p, unnest(p.keys, p.digests) AS u (k, d)
         WHERE p.hand IS NULL""",
}
_ROWS = 'SELECT {key} AS k, row_digest(n::text)::text AS v FROM "{table}" AS n'
# A fact whose event is not sealed yet has no digest yet.
_FACTS = """
    SELECT n.id::text AS k, n.digest::text AS v FROM "{from_view}" AS n
     WHERE n.id::text NOT IN (
        SELECT subject FROM event_log
         WHERE seq > coalesce((SELECT hi FROM seal ORDER BY number DESC LIMIT 1), 0) AND type = '{event}'
        UNION ALL SELECT subject FROM outbox WHERE type = '{event}')
"""
_HANDS = """
    SELECT w.table_name, p.hand, p.posted_at, p.keys
      FROM (SELECT table_name, id, keys, hand, posted_at FROM posted WHERE hand IS NOT NULL
            UNION ALL SELECT table_name, id, keys, hand, posted_at FROM posting WHERE hand IS NOT NULL) AS p
      JOIN watched w ON w.table_name = p.table_name AND p.id > w.floor
     ORDER BY p.id
"""
_TRIGGERS = """
    SELECT w.table_name, 'post_' || lower(kind) AS name
      FROM watched w
      CROSS JOIN unnest(CASE w.keeps WHEN 'posted' THEN '{INSERT}'::text[] ELSE '{INSERT,UPDATE,DELETE}' END) AS kind
     WHERE NOT EXISTS (
        SELECT FROM pg_trigger t WHERE t.tgrelid = to_regclass(w.table_name) AND t.tgname = 'post_' || lower(kind)
           AND t.tgenabled IN ('O', 'A'))
"""
# Of a table that a migration has rewritten: it was taken again as it was found, and what was posted before is past.
_TAKEN_AGAIN = """
    SELECT w.table_name, w.since, count(*) AS postings FROM posted p
      JOIN watched w ON w.table_name = p.table_name AND p.id < w.floor GROUP BY w.table_name ORDER BY w.table_name
"""
# A seal's first event is its oldest: where that was not late, none is looked at. What is older than the watch was taken
# as it was found anyway.
_LATE = """
    SELECT w.table_name, count(*) AS rows, min(e.time) AS since, max(s.sealed_at) AS until
      FROM watched w
      JOIN seal s ON s.number > :after
      JOIN event_log oldest ON oldest.seq = s.lo + 1 AND oldest.time < s.sealed_at - interval '1 minute'
      JOIN event_log e ON e.seq > s.lo AND e.seq <= s.hi AND e.type = w.event
       AND e.time < s.sealed_at - interval '1 minute'
     WHERE w.keeps = 'facts' AND e.time > w.since
     GROUP BY w.table_name ORDER BY w.table_name
"""
_PARTS = ("itself", "its lines", "its payments")


def to_compare(view: View, service: str) -> list[dict[str, Any]]:
    """The tables whose rows were posted: how, by the models, and since which posting (`floor`)."""
    floors = {row.table_name: row.floor for row in view.holder(service, _WATCHED)}
    tables = [one for one in wanted(metadata_of(service)) if one["keeps"] != "guarded"]
    return [one | {"floor": floors.get(one["table"], 0)} for one in tables]


def check_table(view: View, service: str, one: dict[str, Any], after: int | None) -> Check:
    """All rows of one table; `after`: those posted with later seals, where rows stay as they are."""
    table, keeps = one["table"], one["keeps"]
    check = Check(f"{service}: every row as it was posted")
    news = after is not None and keeps != "changes"
    values = {"table": table, "floor": one["floor"], "after": after if news else 0}

    def ask(statement: str, **given: Any) -> list[Any]:
        return view.holder(service, statement, **given)

    from_view = one["view"] if news else f"all_{one['view']}"
    held = _FACTS.format(**one, from_view=from_view) if keeps == "facts" else _ROWS.format(**one)
    compared = (compare_news if news else compare)(Side(ask, _TOLD[keeps], values), Side(ask, held, {}))
    check.compared, differences, unread = compared
    for found in differences:
        check.differ(f"{table} {found.key}: {_what(found, facts=keeps == 'facts')}")
    if unread:
        check.differ(f"{table}: and more, in {unread} other parts of it")
    return check


def check_late(view: View, service: str, after: int | None) -> Check:
    """Facts that lay unsealed for long, since nobody sealed: what was done to them by then is not in their digest."""
    check = Check(f"{service}: every row as it was posted")
    for row in view.source(service, _LATE, after=after or 0):
        between = f"between {row.since:%Y-%m-%d %H:%M:%S} and {row.until:%Y-%m-%d %H:%M:%S}"
        what = f"{row.rows} of its rows were sealed more than a minute after they were recorded ({between})"
        check.explained.append(f"{row.table_name}: {what}; a hand that had switched the triggers off is not seen there")
    return check


def _what(one: Difference, *, facts: bool) -> str:
    if one.found is None:
        return "was posted, and is gone"
    if one.told is None:
        return "is there, and was never posted"
    if not facts:
        return "is not as it was posted"
    told, found = one.told.removeprefix("\\x"), one.found.removeprefix("\\x")
    parts = [name for at, name in enumerate(_PARTS) if told[32 * at : 32 * at + 32] != found[32 * at : 32 * at + 32]]
    return f"{' and '.join(parts)} not as posted"


def check_watched(view: View, service: str) -> Check:
    """The tables that the models want watched are watched as they want it."""
    check = Check(f"{service}: every table is watched")
    held = {row.table_name: row for row in view.holder(service, _WATCHED)}
    for want in wanted(metadata_of(service)):
        check.compared += 1
        row = held.get(want["table"])
        if row is None:
            check.differ(f"{want['table']}: is not watched (table watched)")
        elif any(getattr(row, name) != want[name] for name in ("keeps", "key", "view", "event")):
            check.differ(f"{want['table']}: is watched otherwise than it should be (table watched)")
    for row in view.holder(service, _TRIGGERS):
        check.differ(f"{row.table_name}: its trigger {row.name} is gone or does not fire")
    for row in view.holder(service, _TAKEN_AGAIN):
        when = f"{row.since:%Y-%m-%d %H:%M:%S}"
        check.explained.append(f"{row.table_name}: taken as it was found on {when}, instead of {row.postings} postings")
    return check


def check_hands(view: View, service: str) -> Check:
    """Rows that another database role has written than the application's, which may not change what is posted."""
    check = Check(f"{service}: written by the application alone")
    for row in view.holder(service, _HANDS):
        for key in row.keys:
            check.compared += 1
            check.differ(f"{row.table_name} {key}: written by {row.hand} at {row.posted_at:%Y-%m-%d %H:%M:%S}")
    return check
