"""Alembic's entry: inventory's tables."""

from __future__ import annotations

from services.inventory.models import Base
from shared.migrations import run

run(Base.metadata)
