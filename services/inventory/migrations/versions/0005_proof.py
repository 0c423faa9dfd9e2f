"""What was posted is known by its digest, sealed into a chain; others keep the seals that they were told of."""

from __future__ import annotations

from shared.proof.steps import create_proof

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a correction is a new step."""
    create_proof()
