"""What was posted is known by its digest, sealed into a chain; others keep the seals that they were told of."""

from __future__ import annotations

from alembic import op

from shared.proof.steps import create_proof

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

# A sale's three digests: of itself, of its lines, of its payments.
_FACTS = """
CREATE VIEW sale_facts WITH (security_invoker = true) AS
SELECT s.id, row_digest(s::text)
    || row_digest(coalesce((SELECT string_agg(rtrim(l::text, ',)'), E'\\n' ORDER BY l.id) FROM sale_line l
                             WHERE l.sale_id = s.id), ''))
    || row_digest(coalesce((SELECT string_agg(rtrim(p::text, ',)'), E'\\n' ORDER BY p.id) FROM payment p
                             WHERE p.sale_id = s.id), '')) AS digest
  FROM sale s
"""
# The same of all sales at once: a join in place of a look-up for each.
_ALL_FACTS = """
CREATE VIEW all_sale_facts WITH (security_invoker = true) AS
SELECT s.id, row_digest(s::text) || row_digest(coalesce(l.written, '')) || row_digest(coalesce(p.written, '')) AS digest
  FROM sale s
  LEFT JOIN (SELECT l.sale_id, string_agg(rtrim(l::text, ',)'), E'\\n' ORDER BY l.id) AS written FROM sale_line l
              GROUP BY l.sale_id) l ON l.sale_id = s.id
  LEFT JOIN (SELECT p.sale_id, string_agg(rtrim(p::text, ',)'), E'\\n' ORDER BY p.id) AS written FROM payment p
              GROUP BY p.sale_id) p ON p.sale_id = s.id
"""


def upgrade() -> None:
    """Forward only: a correction is a new step."""
    create_proof()
    op.execute(_FACTS)
    op.execute(_ALL_FACTS)
    op.execute("GRANT SELECT ON sale_facts, all_sale_facts TO PUBLIC")  # security_invoker, as `oddity`
