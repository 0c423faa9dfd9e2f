"""The screens of inventory."""

from __future__ import annotations

from services.inventory.web import (
    consignments,
    console,
    counts,
    discrepancies,
    lots,
    outputs,
    papers,
    stock,
    write_offs,
)
from shared.web import Offline, Pages

pages: list[Pages] = [
    console.bp,
    outputs.bp,
    lots.bp,
    consignments.bp,
    counts.bp,
    papers.bp,
    discrepancies.bp,
    stock.bp,
    write_offs.bp,
]
offline: list[Offline] = [
    Offline("terminal", ("Terminal bengkel", "Workshop terminal")),
    Offline("receiving", ("Penerimaan", "Receiving")),
]
