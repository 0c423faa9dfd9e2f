"""Whoever changes or deletes what is not sealed yet is named: a courier may be away for long."""

from __future__ import annotations

from shared.proof.steps import see_hands

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a correction is a new step."""
    see_hands()
