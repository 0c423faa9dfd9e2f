"""Keep what is open in tables of its own, and find the day's, the last and the latest by an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_INSTANT = sa.DateTime(timezone=True)

# Whoever posts a fact, also older code, keeps what is open. With its owner's rights: the application only reads here.
_KEEP = """
CREATE FUNCTION keep_open() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_TABLE_NAME = 'output' THEN
        INSERT INTO open_output (output_id, received_at) VALUES (NEW.id, NEW.received_at);
    ELSIF TG_TABLE_NAME = 'output_decision' THEN
        DELETE FROM open_output WHERE output_id = NEW.output_id;
    ELSIF TG_TABLE_NAME = 'consignment' THEN
        INSERT INTO open_consignment (consignment_id, origin, destination, drafted_at)
        VALUES (NEW.id, NEW.origin, NEW.destination, NEW.drafted_at);
    ELSIF TG_TABLE_NAME = 'consignment_dispatch' THEN
        UPDATE open_consignment SET dispatched_at = NEW.dispatched_at WHERE consignment_id = NEW.consignment_id;
    ELSE
        DELETE FROM open_consignment WHERE consignment_id = NEW.consignment_id;
    END IF;
    RETURN NULL;
END
$$
"""
_OPEN_OUTPUTS = """
INSERT INTO open_output (output_id, received_at)
SELECT id, received_at FROM output o WHERE NOT EXISTS (SELECT FROM output_decision d WHERE d.output_id = o.id)
"""
_OPEN_CONSIGNMENTS = """
INSERT INTO open_consignment (consignment_id, origin, destination, drafted_at, dispatched_at)
SELECT c.id, c.origin, c.destination, c.drafted_at, d.dispatched_at
  FROM consignment c LEFT JOIN consignment_dispatch d ON d.consignment_id = c.id
 WHERE NOT EXISTS (SELECT FROM receipt r WHERE r.consignment_id = c.id)
"""


def upgrade() -> None:
    """Forward only: a correction is a new step."""
    op.create_table(
        "open_output",
        sa.Column("output_id", sa.Uuid(), nullable=False),
        sa.Column("received_at", _INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("output_id", name=op.f("pk_open_output")),
    )
    op.create_table(
        "open_consignment",
        sa.Column("consignment_id", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.String(length=60), nullable=False),
        sa.Column("destination", sa.String(length=60), nullable=False),
        sa.Column("drafted_at", _INSTANT, nullable=False),
        sa.Column("dispatched_at", _INSTANT, nullable=True),
        sa.PrimaryKeyConstraint("consignment_id", name=op.f("pk_open_consignment")),
    )
    op.execute(_KEEP)
    # From here on nobody posts beside it: what is posted before is looked at below, what comes after by the triggers.
    for table in ("output", "output_decision", "consignment", "consignment_dispatch", "receipt"):
        op.execute(f"CREATE TRIGGER keep_open AFTER INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION keep_open()")
    op.execute(_OPEN_OUTPUTS)
    op.execute(_OPEN_CONSIGNMENTS)
    _index()


def _index() -> None:
    op.create_index("ix_output_workshop_recorded_at_id", "output", ["workshop", "recorded_at", "id"])
    op.create_index("ix_output_decision_decided_at", "output_decision", ["decided_at"])
    for table, column in (("consignment", "drafted_at"), ("write_off", "proposed_at")):
        latest = sa.text(f"CAST(-extract(epoch FROM timezone('UTC', {column})) AS numeric(20, 6))")
        op.create_index(f"ix_{table}_latest", table, [latest, "id"])
    op.create_index("ix_lot_newest", "lot", [sa.text("('9999-01-01'::date - made_on)"), "code"])
