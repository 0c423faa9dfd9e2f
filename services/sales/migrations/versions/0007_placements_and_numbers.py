"""Where a register stood when; the numbers that it has used, kept as ranges; gaps that the city has closed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None
keeps = "outlet_stock.on_hand only holds more, and PostgreSQL rewrites no row for that"

_INSTANT = sa.DateTime(timezone=True)

# Whoever writes a register, also older code, places it: first since ever, then from the moment at which it was moved,
# which may have been earlier than now (`lapak.since`), but not before it came to where it stood.
_PLACE = """
CREATE FUNCTION place_register() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO register_placement (register, since, outlet)
    VALUES (NEW.code, CASE WHEN TG_OP = 'INSERT' THEN '0001-01-01 00:00:00+00' ELSE greatest(
                coalesce(nullif(current_setting('lapak.since', true), '')::timestamptz, clock_timestamp()),
                (SELECT max(p.since) + interval '1 microsecond' FROM register_placement p WHERE p.register = NEW.code))
            END, NEW.outlet)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER place_register AFTER INSERT ON register FOR EACH ROW EXECUTE FUNCTION place_register();
CREATE TRIGGER move_register AFTER UPDATE OF outlet ON register FOR EACH ROW
    WHEN (OLD.outlet <> NEW.outlet) EXECUTE FUNCTION place_register()
"""
# A number that an unreadable sale claims is not missing: the server has it. One that came well-formed later counts by
# the number that it has there; then the number that it claimed before is free again, unless another has it.
_QUARANTINED = """
CREATE FUNCTION note_quarantined_number() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    v_number CONSTANT int8multirange := int8multirange(int8range(NEW.register_no, NEW.register_no + 1));
BEGIN
    IF NEW.resolved_by IS DISTINCT FROM 'recorded' THEN
        INSERT INTO register_numbers AS n (register, seen, received) VALUES (NEW.register, v_number, 0)
        ON CONFLICT (register) DO UPDATE SET seen = n.seen + excluded.seen;
    ELSIF NOT EXISTS (SELECT FROM sale s WHERE s.register = NEW.register AND s.register_no = NEW.register_no)
      AND NOT EXISTS (
        SELECT FROM quarantine q WHERE q.register = NEW.register AND q.kind = 'sale'
           AND q.register_no = NEW.register_no AND q.resolved_by IS DISTINCT FROM 'recorded')
    THEN
        UPDATE register_numbers SET seen = seen - v_number WHERE register = NEW.register;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER note_quarantined_number AFTER INSERT ON quarantine FOR EACH ROW
    WHEN (NEW.kind = 'sale' AND NEW.register_no IS NOT NULL) EXECUTE FUNCTION note_quarantined_number();
CREATE TRIGGER note_released_number AFTER UPDATE OF resolved_by ON quarantine FOR EACH ROW
    WHEN (NEW.kind = 'sale' AND NEW.register_no IS NOT NULL AND NEW.resolved_by = 'recorded'
          AND OLD.resolved_by IS DISTINCT FROM NEW.resolved_by)
    EXECUTE FUNCTION note_quarantined_number()
"""


def upgrade() -> None:
    """Forward only: a correction is a new step."""
    op.create_table(
        "register_numbers",
        sa.Column("register", sa.String(length=40), nullable=False),
        sa.Column("seen", postgresql.INT8MULTIRANGE(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("closed", postgresql.INT8MULTIRANGE(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("register", name=op.f("pk_register_numbers")),
    )
    op.create_table(
        "closed_number",
        sa.Column("register", sa.String(length=40), nullable=False),
        sa.Column("lo", sa.BigInteger(), nullable=False),
        sa.Column("hi", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("closed_by", sa.String(length=200), nullable=False),
        sa.Column("closed_at", _INSTANT, nullable=False),
        sa.CheckConstraint("lo BETWEEN 1 AND hi", name=op.f("ck_closed_number_span")),
        sa.PrimaryKeyConstraint("register", "lo", name=op.f("pk_closed_number")),
        info={"posted": True},
    )
    op.create_index("ix_quarantine_register_register_no", "quarantine", ["register", "register_no"], unique=False)
    op.execute(_PLACE)
    op.execute("LOCK TABLE register IN SHARE ROW EXCLUSIVE MODE")
    op.execute(
        "INSERT INTO register_placement (register, since, outlet)"
        " SELECT code, '0001-01-01 00:00:00+00', outlet FROM register ON CONFLICT DO NOTHING"
    )
    op.execute(_QUARANTINED)
    # Wider than any sum of what was ever accepted: one outlet's nonsense must not make another's goods overflow.
    op.alter_column("outlet_stock", "on_hand", type_=sa.Numeric(precision=30, scale=3))
