"""Record each sale at its own time and place, and keep the numbers that a register has used."""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# A batch of which nothing is to be wondered at: later numbers than any before, each told later than the one before (by
# as much as the run's milliseconds say), in its shift, on a register that never moved, by a clock that agrees with the
# server's and with the run's. All its times are what was told. No rows where anything is otherwise. What `near` is, and
# which times are given, must be as in `fact_time`: a test holds both against each other.
_PLAIN_TIMES = """
CREATE FUNCTION plain_times(p_register text, p_outlet text, p_received timestamptz, p_sales jsonb)
RETURNS TABLE (effective_at timestamptz, business_day date, drift bigint, timed_by text, time_sure boolean, outlet text)
LANGUAGE sql STABLE
AS $$
    WITH given AS MATERIALIZED (
        SELECT s.*, coalesce(s.arrived_at, p_received) AS arrived, h.effective_at AS opened,
               lag(s.register_no) OVER turn AS no_before, lag(s.sold_at) OVER turn AS told_before,
               CASE WHEN lag(s.run) OVER turn = s.run THEN greatest(s.run_ms - lag(s.run_ms) OVER turn, 0) ELSE 0 END
                   * interval '1 millisecond' AS since
          FROM ROWS FROM (jsonb_to_recordset(p_sales) AS (
                   register_no bigint, shift_id uuid, sold_at timestamptz, run uuid, run_ms bigint, drift bigint,
                   arrived_at timestamptz, sent_at timestamptz, sent_run uuid, sent_ms bigint)
               ) WITH ORDINALITY
                 AS s (register_no, shift_id, sold_at, run, run_ms, drift, arrived_at, sent_at, sent_run, sent_ms, turn)
          LEFT JOIN shift h ON h.id = s.shift_id AND h.register = p_register AND h.time_sure IS NOT FALSE
        WINDOW turn AS (ORDER BY s.turn)
    ), stood AS (
        SELECT max(p.outlet) AS outlet FROM register_placement p WHERE p.register = p_register HAVING count(*) = 1
    ), before AS (
        SELECT s.register_no, s.effective_at, s.run, s.run_ms,
               s.time_sure IS NOT FALSE AND s.effective_at <= s.received_at AS sure
          FROM sale s WHERE s.register = p_register ORDER BY s.register_no DESC LIMIT 1
    ), odd AS (
        SELECT FROM given g LEFT JOIN before b ON g.no_before IS NULL
         WHERE (g.register_no > coalesce(g.no_before, b.register_no, 0)
            AND g.sold_at BETWEEN '2026-01-01 00:00:00+08' AND p_received
            AND g.sold_at >= g.told_before + g.since
            AND g.sold_at >= g.opened
            AND g.sold_at >= b.effective_at + CASE WHEN b.run = g.run THEN greatest(g.run_ms - b.run_ms, 0) ELSE 0 END
                                            * interval '1 millisecond'
            AND b.sure
            AND coalesce(g.arrived - g.sent_at, '0') BETWEEN '-2 minutes' AND '2 minutes'
            AND CASE WHEN g.run = g.sent_run AND g.sent_ms >= g.run_ms
                     THEN g.arrived - (g.sent_ms - g.run_ms) * interval '1 millisecond' - g.sold_at END
                BETWEEN '-2 minutes' AND '2 minutes') IS FALSE
            OR g.drift IS NOT NULL OR g.sold_at IS NULL
    )
    SELECT g.sold_at, (g.sold_at AT TIME ZONE interval '8 hours')::date, NULL::bigint, 'device', true, stood.outlet
      FROM given g CROSS JOIN stood WHERE NOT EXISTS (SELECT FROM odd) ORDER BY g.turn
$$
"""
# The times of a register's sales, in the order given (by number). Number n happened between n - 1 and n + 1, and in its
# shift. Among the neighbours only those count whose own time is sure; within one run of a page its milliseconds tell
# how far apart two sales were at the least. What older code sends has no clocks but the lag that it worked out.
_TIMES_IN_TURN = """
CREATE FUNCTION times_in_turn(p_register text, p_outlet text, p_received timestamptz, p_sales jsonb)
RETURNS TABLE (effective_at timestamptz, business_day date, drift bigint, timed_by text, time_sure boolean, outlet text)
LANGUAGE plpgsql
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    v_fact jsonb;
    v_no bigint;
    v_run uuid;
    v_ms bigint;
    v_top bigint;
    v_shift uuid;
    v_opened timestamptz;
    v_hi timestamptz;
    v_before record;
    v_near record;
    v_after record;
    v_time record;
BEGIN
    SELECT max(s.register_no) INTO v_top FROM sale s WHERE s.register = p_register;
    SELECT 0::bigint AS no, NULL::timestamptz AS at, NULL::uuid AS run, 0::bigint AS ms INTO v_before;
    FOR v_fact IN SELECT jsonb_array_elements(p_sales) LOOP
        v_no := v_fact->>'register_no';
        v_run := v_fact->>'run';
        v_ms := v_fact->>'run_ms';
        IF v_shift IS DISTINCT FROM (v_fact->>'shift_id')::uuid THEN
            v_shift := v_fact->>'shift_id';
            SELECT h.effective_at INTO v_opened FROM shift h
             WHERE h.id = v_shift AND h.register = p_register AND h.time_sure IS NOT FALSE;
        END IF;
        -- The nearest lower number: of the batch, else of those recorded.
        IF v_before.no >= v_no THEN
            SELECT 0::bigint AS no, NULL::timestamptz AS at, NULL::uuid AS run, 0::bigint AS ms INTO v_before;
        END IF;
        IF v_before.no <> v_no - 1 THEN
            SELECT n.no, n.at, n.run, n.ms INTO v_near FROM (
                SELECT s.register_no AS no, s.effective_at AS at, s.run, s.run_ms AS ms, s.time_sure, s.received_at
                  FROM sale s WHERE s.register = p_register AND s.register_no < v_no
                 ORDER BY s.register_no DESC LIMIT 20) n
             WHERE n.time_sure IS NOT FALSE AND n.at <= n.received_at ORDER BY n.no DESC LIMIT 1;
            IF v_near.no > v_before.no THEN
                v_before := v_near;
            END IF;
        END IF;
        v_hi := NULL;
        IF v_top > v_no THEN
            SELECT n.no, n.at, n.run, n.ms INTO v_after FROM (
                SELECT s.register_no AS no, s.effective_at AS at, s.run, s.run_ms AS ms, s.time_sure, s.received_at
                  FROM sale s WHERE s.register = p_register AND s.register_no > v_no
                 ORDER BY s.register_no LIMIT 20) n
             WHERE n.time_sure IS NOT FALSE AND n.at <= n.received_at ORDER BY n.no LIMIT 1;
            v_hi := v_after.at - CASE WHEN v_after.run = v_run
                                      THEN greatest(v_after.ms - v_ms, 0) ELSE 0 END * interval '1 millisecond';
        END IF;
        SELECT t.* INTO v_time FROM timed_fact(
            p_register, p_outlet, p_received,
            v_fact || jsonb_build_object('told', v_fact->'sold_at') || CASE
                WHEN v_fact ? 'sent_at' OR v_fact->>'drift' IS NULL THEN '{}'
                ELSE jsonb_build_object('sent_at', p_received - (v_fact->>'drift')::bigint * interval '1 second') END,
            greatest(v_opened, v_before.at + CASE WHEN v_before.run = v_run
                                                  THEN greatest(v_ms - v_before.ms, 0) ELSE 0 END
                                             * interval '1 millisecond'),
            v_hi) t;
        effective_at := v_time.effective_at;
        business_day := (v_time.effective_at AT TIME ZONE interval '8 hours')::date;
        drift := v_time.drift;
        timed_by := v_time.timed_by;
        time_sure := v_time.time_sure;
        outlet := v_time.outlet;
        IF time_sure THEN
            SELECT v_no AS no, v_time.effective_at AS at, v_run AS run, v_ms AS ms INTO v_before;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$
"""
_TIMED_SALES = """
CREATE FUNCTION timed_sales(p_register text, p_outlet text, p_received timestamptz, p_sales jsonb)
RETURNS TABLE (effective_at timestamptz, business_day date, drift bigint, timed_by text, time_sure boolean, outlet text)
LANGUAGE plpgsql
AS $$
BEGIN
    RETURN QUERY SELECT * FROM plain_times(p_register, p_outlet, p_received, p_sales);
    IF NOT FOUND THEN
        RETURN QUERY SELECT * FROM times_in_turn(p_register, p_outlet, p_received, p_sales);
    END IF;
END
$$
"""
_RECORD_SALES = """
CREATE OR REPLACE FUNCTION record_sales(
    p_register text, p_outlet text, p_ids uuid[], p_buckets int[], p_sales jsonb, p_alone boolean)
RETURNS TABLE (id uuid, is_new boolean, content_hash bytea, by_register text, work_items text[], waited_for boolean)
LANGUAGE plpgsql
-- A session keeps its plans. One made while the tables were empty must be right when they are large: by index alone.
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off SET enable_hashjoin = off SET enable_mergejoin = off
SET enable_material = off
AS $$
#variable_conflict use_column
DECLARE
    v_known boolean;
    v_new uuid[];
    v_numbers bigint[];
    v_outlet text;
    v_at timestamptz;
    v_odd oddity[];
    v_short outlet_stock[];
    v_dry uuid[];
BEGIN
    PERFORM pg_advisory_xact_lock_shared(7001, 0);
    PERFORM pg_advisory_xact_lock(7002, hashtext(p_register));
    PERFORM pg_advisory_xact_lock_shared(7003, bucket) FROM unnest(p_buckets) AS bucket;
    -- After the register's turn has come: a close and a sale of one shift are told apart by their times.
    v_at := clock_timestamp();

    IF p_alone AND EXISTS (
        SELECT FROM sale_return r WHERE r.sale_id = ANY(p_ids)
           AND NOT EXISTS (SELECT FROM return_verdict v WHERE v.return_id = r.id))
    THEN
        RETURN;
    END IF;

    SELECT true INTO v_known FROM register r WHERE r.code = p_register;
    IF v_known IS NULL THEN
        INSERT INTO outlet (code, name, kind, placeholder, version) VALUES (p_outlet, p_outlet, 'permanent', true, 0)
            ON CONFLICT DO NOTHING;
        INSERT INTO register (code, outlet, name, placeholder, version)
            VALUES (p_register, p_outlet, p_register, true, 0) ON CONFLICT DO NOTHING;
    END IF;
    -- Also a device that still names an outlet in which the register stood before.
    IF NOT EXISTS (SELECT FROM register_placement p WHERE p.register = p_register AND p.outlet = p_outlet) THEN
        RETURN;
    END IF;

    WITH given AS MATERIALIZED (
        SELECT g.*, e.event_id, e.type, e.subject, e."time", e.traceparent, e.data || jsonb_build_object(
                   'outlet', g.outlet, 'effective_at', g.effective_at) AS data
          FROM ROWS FROM (
              jsonb_to_recordset(p_sales) AS (
                  id uuid, register_no bigint, shift_id uuid, sold_at timestamptz, run uuid, run_ms bigint,
                  total bigint, sums_ok boolean, content_hash text, payments jsonb, reasons jsonb, event jsonb),
              timed_sales(p_register, p_outlet, v_at, p_sales)
          ) AS g
         CROSS JOIN LATERAL jsonb_to_record(g.event) AS e(
            event_id uuid, type text, subject text, "time" timestamptz, traceparent text, data jsonb)
    ), new AS (
        INSERT INTO sale (id, register, outlet, register_no, shift_id, sold_at, received_at, effective_at, business_day,
                          drift, timed_by, time_sure, run, run_ms, total, sums_ok, content_hash)
        SELECT g.id, p_register, g.outlet, g.register_no, g.shift_id, g.sold_at, v_at, g.effective_at, g.business_day,
               g.drift, g.timed_by, g.time_sure, g.run, g.run_ms, g.total, g.sums_ok, decode(g.content_hash, 'hex')
          FROM given g ORDER BY g.id
        ON CONFLICT (id) DO NOTHING RETURNING sale.id, sale.register_no, sale.outlet
    ), line AS (
        INSERT INTO sale_line (sale_id, id, sku, lot, quantity, unit_price, discount, discount_reason, amount)
        SELECT g.id, l.line_id, l.sku, l.lot, l.quantity, l.unit_price, l.discount, g.reasons->>l.line_id::text,
               l.amount
          FROM given g CROSS JOIN LATERAL jsonb_to_recordset(g.data->'lines') AS l(
               line_id uuid, sku text, lot text, quantity numeric, unit_price bigint, discount bigint, amount bigint)
         WHERE g.id = ANY(ARRAY(SELECT new.id FROM new))
    ), paid AS (
        INSERT INTO payment (sale_id, id, shift_id, kind, amount, reference)
        SELECT g.id, p.id, g.shift_id, p.kind, p.amount, p.reference
          FROM given g CROSS JOIN LATERAL jsonb_to_recordset(g.payments) AS p(
               id uuid, kind text, amount bigint, reference text)
         WHERE g.id = ANY(ARRAY(SELECT new.id FROM new))
    ), announced AS (
        INSERT INTO outbox (event_id, type, subject, "time", traceparent, data)
        SELECT g.event_id, g.type, g.subject, g."time", g.traceparent, g.data FROM given g
         WHERE g.id = ANY(ARRAY(SELECT new.id FROM new))
    )
    SELECT array_agg(new.id), array_agg(new.register_no),
           CASE WHEN min(new.outlet) = max(new.outlet) THEN min(new.outlet) END
      INTO v_new, v_numbers, v_outlet FROM new;
    IF EXISTS (SELECT FROM quarantine q WHERE q.item_id = ANY(p_ids) AND q.kind = 'sale'
                  AND q.register = p_register AND q.resolved_at IS NULL)
    THEN
        UPDATE quarantine q SET resolved_at = v_at, resolved_by = 'recorded'
         WHERE q.item_id = ANY(p_ids) AND q.kind = 'sale' AND q.register = p_register AND q.resolved_at IS NULL
           AND EXISTS (SELECT FROM sale s WHERE s.id = q.item_id AND s.register = p_register);
    END IF;
    -- Whether its clock was right as it sent is known for what comes after, not for what came with it.
    PERFORM note_run(p_register, p_sales->0) WHERE p_sales->0->>'sent_run' IS NOT NULL;

    IF v_new IS NOT NULL THEN
        UPDATE register_numbers n SET seen = n.seen + s.seen, received = n.received + cardinality(v_numbers)
          FROM (SELECT range_agg(int8range(no, no + 1)) AS seen FROM unnest(v_numbers) AS no) s
         WHERE n.register = p_register;
        IF NOT FOUND THEN
            INSERT INTO register_numbers (register, seen, received)
            SELECT p_register, range_agg(int8range(no, no + 1)), count(*) FROM unnest(v_numbers) AS no;
        END IF;

        SELECT array_agg(o) INTO v_odd FROM oddity o WHERE o.sale_id = ANY(v_new);
        IF v_odd IS NOT NULL THEN
            INSERT INTO work_item AS w (code, owner, subject, outlet, sale_id, line_id, sku, lot)
            SELECT DISTINCT ON (o.code, o.subject)
                   o.code, o.owner, o.subject, o.outlet, o.sale_id, o.line_id, o.sku, o.lot
              FROM unnest(v_odd) AS o ORDER BY o.code, o.subject, o.sale_id
            ON CONFLICT (code, subject) DO UPDATE
               SET stands = true, opened_at = v_at, closed_at = NULL, closed_by = NULL, note = NULL WHERE NOT w.stands;
        END IF;

        -- Last, since every register of the outlet waits for these rows until this transaction has ended.
        WITH taken AS (
            INSERT INTO outlet_stock AS o (outlet, sku, lot, on_hand)
            SELECT coalesce(v_outlet, (SELECT s.outlet FROM sale s WHERE s.id = l.sale_id)), l.sku, l.lot,
                   -sum(l.quantity)
              FROM sale_line l WHERE l.sale_id = ANY(v_new) GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            ON CONFLICT (outlet, sku, lot) DO UPDATE SET on_hand = o.on_hand + excluded.on_hand
            RETURNING o AS shelf
        )
        SELECT array_agg(t.shelf) INTO v_short
          FROM taken t WHERE (t.shelf).lot IS NOT NULL AND (t.shelf).on_hand < 0;

        IF v_short IS NOT NULL THEN
            INSERT INTO work_item AS w (code, owner, subject, outlet, sku, lot)
            SELECT 'no-stock', 'outlet', b.outlet || '/' || b.sku || '/' || b.lot, b.outlet, b.sku, b.lot
              FROM unnest(v_short) AS b ORDER BY b.outlet, b.sku, b.lot
            ON CONFLICT (code, subject) DO UPDATE
               SET stands = true, opened_at = v_at, closed_at = NULL, closed_by = NULL, note = NULL WHERE NOT w.stands;
            -- Of a batch, the sales from the one on that took the last.
            SELECT array_agg(DISTINCT took.sale_id) INTO v_dry FROM (
                SELECT l.sale_id, b.on_hand + coalesce(sum(l.quantity) OVER later, 0) AS on_hand
                  FROM unnest(v_short) AS b JOIN sale_line l ON l.sku = b.sku AND l.lot = b.lot
                  JOIN sale s ON s.id = l.sale_id AND s.outlet = b.outlet
                 WHERE l.sale_id = ANY(v_new)
                WINDOW later AS (
                    PARTITION BY b.outlet, b.sku, b.lot ORDER BY array_position(p_ids, l.sale_id)
                    GROUPS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
            ) AS took WHERE took.on_hand < 0;
        END IF;
    END IF;

    -- As nearly always: all are new and as they should be, and (p_alone: by the first look) no return waits for them.
    IF p_alone AND v_odd IS NULL AND v_short IS NULL AND cardinality(v_new) = cardinality(p_ids) THEN
        RETURN QUERY SELECT i, true, NULL::bytea, NULL::text, '{}'::text[], false FROM unnest(p_ids) AS i;
        RETURN;
    END IF;
    RETURN QUERY
    SELECT i.id, coalesce(i.id = ANY(v_new), false), s.content_hash, s.register::text, ARRAY(
               SELECT w.code::text FROM work_item w
                WHERE w.sale_id = s.id AND w.closed_at IS NULL AND w.code NOT IN ('number-reused', 'no-stock')
               UNION
               SELECT w.code FROM work_item w
                WHERE w.code = 'number-reused' AND w.subject = s.register || '/' || s.register_no
                  AND w.closed_at IS NULL
               UNION
               SELECT 'no-stock' FROM sale_line l JOIN work_item w ON w.code = 'no-stock'
                  AND w.subject = s.outlet || '/' || l.sku || '/' || l.lot AND w.closed_at IS NULL
                WHERE l.sale_id = s.id AND (s.id = ANY(v_dry) OR (s.id = ANY(v_new)) IS NOT TRUE)
               ORDER BY 1),
           EXISTS (
               SELECT FROM sale_return r WHERE r.sale_id = i.id AND i.id = ANY(v_new)
                  AND NOT EXISTS (SELECT FROM return_verdict v WHERE v.return_id = r.id))
      FROM unnest(p_ids) WITH ORDINALITY AS i(id, at)
      -- There is nothing to look up for a sale that is new and as it should be.
      -- A register of another outlet that has hit upon its id learns no more than that.
      LEFT JOIN sale s ON s.id = i.id AND (s.register = p_register OR s.outlet = p_outlet)
       AND (v_odd IS NOT NULL OR v_short IS NOT NULL OR (i.id = ANY(v_new)) IS NOT TRUE)
     ORDER BY i.at;
END
$$
"""
# What was recorded before, while nobody records.
_NUMBERS = """
INSERT INTO register_numbers AS n (register, seen, received)
SELECT register, range_agg(int8range(no, no + 1)), sum(sold) FROM (
    SELECT register, register_no AS no, 1 AS sold FROM sale
    UNION ALL
    SELECT register, register_no, 0 FROM quarantine
     WHERE kind = 'sale' AND register_no IS NOT NULL AND resolved_by IS DISTINCT FROM 'recorded') AS known
 GROUP BY register
ON CONFLICT (register) DO UPDATE SET seen = n.seen + excluded.seen, received = excluded.received
"""


def upgrade() -> None:
    """Forward only: a correction is a new step."""
    for statement in (_PLAIN_TIMES, _TIMES_IN_TURN, _TIMED_SALES):
        op.execute(statement)
    op.execute("LOCK TABLE sale, quarantine IN SHARE ROW EXCLUSIVE MODE")
    op.execute(_NUMBERS)
    op.execute(_RECORD_SALES)
