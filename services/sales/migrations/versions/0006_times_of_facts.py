"""Keep what tells when a fact happened, and say when it did: by its clock, its run, its neighbours."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None
keeps = "effective_at is new where it must be there, and a trigger fills it in for older code"

_INSTANT = sa.DateTime(timezone=True)

# When a fact happened. What is known: what the device's clock said at the fact (told) and when it sent; the
# milliseconds of the page's run at both, which nobody can set, but which may stand still while the device sleeps;
# what it cannot have been before (lo) or after (hi); and that it was over when it arrived.
#
# 1. The clock's word, by the lag that it had when it sent, counts if all else agrees with it.
# 2. Else the run's: exact, but for sleep.
# 3. Else the clock's bare word, then the nearest that is possible; and nobody can be sure (time_sure).
#
# Where a clock lags behind the run by a night or two, either the device slept or its clock was put forward. Whoever
# has seen the clock right earlier in that run (p_seen_right) knows that it slept. A page does not sleep for a week.
_FACT_TIME = """
CREATE FUNCTION fact_time(
    p_told timestamptz, p_run uuid, p_ms bigint, p_arrived timestamptz, p_sent timestamptz, p_sent_run uuid,
    p_sent_ms bigint, p_seen_right boolean, p_lo timestamptz, p_hi timestamptz, p_received timestamptz,
    OUT effective_at timestamptz, OUT drift bigint, OUT timed_by text, OUT time_sure boolean)
LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    c_near CONSTANT interval := '2 minutes';
    c_sleep CONSTANT interval := '7 days';
    c_day CONSTANT interval := '1 day';
    c_first CONSTANT timestamptz := '2026-01-01 00:00:00+08';  -- nothing was sold with this before
    c_zone CONSTANT interval := '8 hours';
    v_behind interval := coalesce(p_arrived - p_sent, '0');
    v_wall timestamptz := p_told;
    v_run timestamptz;
    v_lo CONSTANT timestamptz := greatest(p_lo, c_first);
    v_hi timestamptz := p_hi;
    v_latest timestamptz;
    v_earliest timestamptz;
BEGIN
    timed_by := 'device';
    time_sure := true;
    IF v_behind NOT BETWEEN -c_near AND c_near THEN
        v_wall := p_told + v_behind;
        timed_by := 'sending';
    END IF;
    IF p_run = p_sent_run AND p_sent_ms >= p_ms THEN
        v_run := p_arrived - (p_sent_ms - p_ms) * interval '1 millisecond';
    END IF;
    -- Milliseconds that lead to before what is certain are nonsense, its own or its neighbour's.
    IF v_run < v_lo - c_day THEN
        v_run := NULL;
    END IF;
    IF v_hi < v_lo - c_day THEN
        v_hi := NULL;
    END IF;
    v_latest := least(p_received, v_run, v_hi);
    v_earliest := least(v_lo, v_latest);

    IF v_wall BETWEEN v_earliest - c_near AND v_latest + c_near THEN
        effective_at := v_wall;
        IF NOT p_seen_right AND v_run > v_wall + c_near
           AND (v_run AT TIME ZONE c_zone)::date > (v_wall AT TIME ZONE c_zone)::date
        THEN
            time_sure := false;
            IF v_run - v_wall > c_sleep THEN
                effective_at := v_run;
                timed_by := 'run';
            END IF;
        END IF;
    ELSIF v_run IS NOT NULL THEN
        effective_at := greatest(v_run, v_earliest);
        timed_by := 'run';
    ELSIF p_told BETWEEN v_earliest - c_near AND v_latest + c_near THEN
        -- The clock is wrong as it sends. Was it right before, in the run of the fact, it was so then.
        effective_at := p_told;
        timed_by := 'device';
        time_sure := p_seen_right;
    ELSE
        -- A little too early is put at the earliest. What is off by days tells nothing: what arrives is mostly fresh.
        effective_at := CASE WHEN v_wall < v_earliest AND v_earliest - v_wall < c_day
                             THEN v_earliest ELSE v_latest END;
        timed_by := 'bounds';
        time_sure := false;
    END IF;
    effective_at := least(greatest(effective_at, c_first), p_received);
    IF effective_at - p_told NOT BETWEEN -c_near AND c_near THEN
        drift := extract(epoch FROM effective_at - p_told);
    ELSIF v_behind NOT BETWEEN -c_near AND c_near THEN
        drift := extract(epoch FROM v_behind);  -- its clock was set in between; how, nobody knows
    END IF;
END
$$
"""
# A fact of a register, told by its device; and in which outlet the register stood then. Whose time is not sure is
# booked where the device says that it stands.
_TIMED_FACT = """
CREATE FUNCTION timed_fact(
    p_register text, p_outlet text, p_received timestamptz, p_fact jsonb, p_lo timestamptz, p_hi timestamptz,
    OUT effective_at timestamptz, OUT drift bigint, OUT timed_by text, OUT time_sure boolean, OUT outlet text)
LANGUAGE plpgsql STABLE
SET plan_cache_mode = force_generic_plan SET enable_seqscan = off
AS $$
DECLARE
    f record;
    v_right record;
BEGIN
    SELECT * INTO f FROM jsonb_to_record(p_fact) AS x(
        told timestamptz, run uuid, run_ms bigint, arrived_at timestamptz, sent_at timestamptz, sent_run uuid,
        sent_ms bigint);
    SELECT r.right_ms, r.right_at INTO v_right FROM register_run r
     WHERE r.register = p_register AND r.run = f.run AND r.right_ms <= f.run_ms;
    SELECT t.effective_at, t.drift, t.timed_by, t.time_sure INTO effective_at, drift, timed_by, time_sure
      FROM fact_time(
        f.told, f.run, f.run_ms, coalesce(f.arrived_at, p_received), f.sent_at, f.sent_run, f.sent_ms,
        v_right.right_ms IS NOT NULL,
        greatest(p_lo, v_right.right_at + (f.run_ms - v_right.right_ms) * interval '1 millisecond'), p_hi,
        p_received) t;
    outlet := CASE WHEN time_sure THEN (
        SELECT p.outlet FROM register_placement p
         WHERE p.register = p_register AND p.since <= effective_at ORDER BY p.since DESC LIMIT 1) END;
    outlet := coalesce(outlet, p_outlet);
END
$$
"""
# The first time in a run of a page at which its clock was seen right. Kept once; whoever sends says it again.
_NOTE_RUN = """
CREATE FUNCTION note_run(p_register text, p_sending jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO register_run (register, run, right_ms, right_at)
    SELECT p_register, s.sent_run, s.sent_ms, s.arrived_at
      FROM jsonb_to_record(p_sending) AS s(
           arrived_at timestamptz, sent_at timestamptz, sent_run uuid, sent_ms bigint)
     WHERE s.sent_run IS NOT NULL AND s.arrived_at - s.sent_at BETWEEN '-2 minutes' AND '2 minutes'
    ON CONFLICT DO NOTHING
$$
"""
_TRIGGER = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.effective_at := coalesce(NEW.effective_at, least(NEW.{told}, {received}));
    RETURN NEW;
END
$$;
CREATE TRIGGER {name} BEFORE INSERT ON {table} FOR EACH ROW WHEN (NEW.effective_at IS NULL) EXECUTE FUNCTION {name}()
"""


def upgrade() -> None:
    """Forward only: a correction is a new step."""
    op.create_table(
        "register_run",
        sa.Column("register", sa.String(length=40), nullable=False),
        sa.Column("run", sa.Uuid(), nullable=False),
        sa.Column("right_ms", sa.BigInteger(), nullable=False),
        sa.Column("right_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("register", "run", name=op.f("pk_register_run")),
    )
    op.create_table(
        "register_placement",
        sa.Column("register", sa.String(length=40), nullable=False),
        sa.Column("since", _INSTANT, nullable=False),
        sa.Column("outlet", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("register", "since", name=op.f("pk_register_placement")),
        info={"posted": True},
    )
    for table in ("sale", "sale_return", "shift", "shift_close"):
        op.add_column(table, sa.Column("run", sa.Uuid(), nullable=True))
        op.add_column(table, sa.Column("run_ms", sa.BigInteger(), nullable=True))
        op.add_column(table, sa.Column("timed_by", sa.String(length=10), nullable=True))
        op.add_column(table, sa.Column("time_sure", sa.Boolean(), nullable=True))
    op.add_column("shift", sa.Column("received_at", _INSTANT, nullable=True))
    op.execute("ALTER TABLE shift ALTER received_at SET DEFAULT clock_timestamp()")
    for table in ("shift", "shift_close"):
        op.add_column(table, sa.Column("drift", sa.BigInteger(), nullable=True))
    _keep_effective_times()
    for statement in (_FACT_TIME, _TIMED_FACT, _NOTE_RUN):
        op.execute(statement)


def _keep_effective_times() -> None:
    """What came before, and what older code still writes, happened when its device said."""
    tables = {
        "sale_return": ("returned_at", "NEW.received_at", "received_at"),
        "shift": ("opened_at", "clock_timestamp()", "now()"),
        "shift_close": ("closed_at", "NEW.posted_at", "posted_at"),
    }
    for table, (told, received, known) in tables.items():
        op.add_column(table, sa.Column("effective_at", _INSTANT, nullable=True))
        op.execute(f"UPDATE {table} SET effective_at = least({told} + coalesce(drift, 0) * interval '1 s', {known})")
        op.execute(_TRIGGER.format(name=f"{table}_effective_at", table=table, told=told, received=received))
        op.alter_column(table, "effective_at", nullable=False)
    op.create_index("ix_shift_register_effective_at", "shift", ["register", "effective_at"], unique=False)
    op.create_index("ix_sale_return_register_effective_at", "sale_return", ["register", "effective_at"], unique=False)
    op.drop_index("ix_sale_return_register_returned_at", table_name="sale_return")
    op.drop_index("ix_shift_register_opened_at", table_name="shift")
