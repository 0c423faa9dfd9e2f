"""A past of a workshop and its outlet, written in one go: all of it is decided, sent and counted."""

from __future__ import annotations

from sqlalchemy import text

from shared.db import Session

# Ids begin with the time, as those of devices do.
_ID = """
    CAST(overlay(overlay(gen_random_uuid()::text PLACING '7' FROM 15 FOR 1) PLACING
         regexp_replace(lpad(to_hex(CAST(extract(epoch FROM at) * 1000 AS bigint)), 12, '0'), '(.{8})', '\\1-')
         FROM 1 FOR 13) AS uuid)
"""
# Two days ago and before, a minute after the other; half of them were accepted, and became lots.
_OUTPUTS = f"""
WITH made AS (
    INSERT INTO output (id, workshop, sku, good, rejected, made_at, recorded_at, received_at, proposed_by, content_hash)
    SELECT {_ID}, :workshop, :sku, 10, 0, at, at, at, 'terminal-1', ''
      FROM (SELECT now() - interval '2 days' - n * interval '1 minute' AS at FROM generate_series(1, :many) AS n) AS t
    RETURNING id, made_at, right(id::text, 1) < '8' AS well
), makers AS (
    INSERT INTO output_maker (output_id, worker_ref, share_bp) SELECT id, :maker, 10000 FROM made
), decided AS (
    INSERT INTO output_decision (output_id, proposed_by, decision, good, rejected, lot, decided_by, decided_at)
    SELECT id, 'terminal-1', CASE WHEN well THEN 'accepted' ELSE 'rejected' END, 10, 0,
           CASE WHEN well THEN left(md5(id::text), 18) END, 'staff-1', made_at FROM made
)
INSERT INTO lot (code, output_id, sku, workshop, made_on, required_skill)
SELECT left(md5(id::text), 18), id, :sku, :workshop, made_at::date, :skill FROM made WHERE well
"""
_CONSIGNMENTS = f"""
WITH noted AS (
    INSERT INTO consignment (id, origin, destination, drafted_by, drafted_at, content_hash)
    SELECT {_ID}, 'workshop/' || :workshop, 'outlet/' || :outlet, 'staff-1', at, ''
      FROM (SELECT now() - interval '2 days' - n * interval '1 hour' AS at FROM generate_series(1, :many) AS n) AS t
    RETURNING id, drafted_at
), lines AS (
    INSERT INTO consignment_line (id, consignment_id, sku, quantity) SELECT gen_random_uuid(), id, :sku, 10 FROM noted
), sent AS (
    INSERT INTO consignment_dispatch (consignment_id, dispatched_by, dispatched_at)
    SELECT id, 'staff-1', drafted_at FROM noted
)
SELECT count(*) FROM noted
"""
_RECEIPTS = """
INSERT INTO receipt (id, consignment_id, received_at, received_by, posted_at, content_hash)
SELECT gen_random_uuid(), id, drafted_at, 'register-1', drafted_at, '' FROM consignment WHERE drafted_by = 'staff-1'
   AND drafted_at < now() - interval '1 day' AND id NOT IN (SELECT consignment_id FROM receipt)
"""
_WRITE_OFFS = """
INSERT INTO write_off (id, location, reason_code, proposed_by, proposed_at, content_hash)
SELECT gen_random_uuid(), 'workshop/' || :workshop, 'stale', 'staff-1', now() - n * interval '1 hour', ''
  FROM generate_series(1, :many) AS n
"""


def write(session: Session, *, outputs: int, consignments: int, write_offs: int, **names: str) -> None:
    """So many of each; `names`: workshop, outlet, sku, skill and maker."""
    # A key is looked for in other tables with each row: by a plan that is kept, and not one of when they were empty.
    session.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
    session.execute(text("SET LOCAL enable_seqscan = off"))
    for statement, many in ((_OUTPUTS, outputs), (_CONSIGNMENTS, consignments), (_WRITE_OFFS, write_offs)):
        session.execute(text(statement), names | {"many": many})
    session.execute(text(_RECEIPTS))
