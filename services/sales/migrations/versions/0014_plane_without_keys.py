"""Rows of the event plane that change all the time have no unique key: a held snapshot costs their writers nothing."""

from __future__ import annotations

from shared.messaging.migrations import change_without_keys

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a correction is a new step."""
    change_without_keys()
