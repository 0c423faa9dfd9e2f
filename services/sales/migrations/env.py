"""Alembic's entry: sales's tables."""

from __future__ import annotations

from services.sales.models import Base
from shared.migrations import run

run(Base.metadata)
