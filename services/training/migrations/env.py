"""Alembic's entry: training's tables."""

from __future__ import annotations

from services.training.models import Base
from shared.migrations import run

run(Base.metadata)
