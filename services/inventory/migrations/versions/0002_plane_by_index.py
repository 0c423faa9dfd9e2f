"""What the event plane asks for again and again is found by an index, however much history or dead rows there are."""

from __future__ import annotations

from shared.messaging.migrations import find_by_index

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a correction is a new step."""
    find_by_index()
