"""Inventory's tables, and the rules that always hold."""

from services.inventory.models.base import Base
from services.inventory.models.consignments import (
    Consignment,
    ConsignmentDispatch,
    ConsignmentLine,
    Discrepancy,
    DiscrepancyResolution,
    Receipt,
    ReceiptLine,
)
from services.inventory.models.ledger import returned_line, stock_balance, stock_move
from services.inventory.models.outputs import Lot, LotRecall, Output, OutputDecision, OutputMaker
from services.inventory.models.reference import Outlet, Product, SkillGrant, Workshop
from services.inventory.models.unfinished import open_consignment, open_output
from services.inventory.models.write_offs import WriteOff, WriteOffApproval, WriteOffLine

__all__ = [
    "Base",
    "Consignment",
    "ConsignmentDispatch",
    "ConsignmentLine",
    "Discrepancy",
    "DiscrepancyResolution",
    "Lot",
    "LotRecall",
    "Outlet",
    "Output",
    "OutputDecision",
    "OutputMaker",
    "Product",
    "Receipt",
    "ReceiptLine",
    "SkillGrant",
    "Workshop",
    "WriteOff",
    "WriteOffApproval",
    "WriteOffLine",
    "open_consignment",
    "open_output",
    "returned_line",
    "stock_balance",
    "stock_move",
]
