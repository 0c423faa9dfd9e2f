"""The screens of sales."""

from __future__ import annotations

from services.sales.web import console, oddities, ops, registers
from shared import config
from shared.web import Offline, Pages

pages: list[Pages] = [console.bp, oddities.bp, registers.bp, ops.bp]
offline: list[Offline] = [
    Offline("register", ("Kasir", "Register"), {"discount-limit": config.get("LAPAK_DISCOUNT_PERCENT")}),
]
