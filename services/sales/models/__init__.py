"""Sales' tables, and the rules that always hold."""

from services.sales.models.base import Base
from services.sales.models.oddities import Quarantine, WorkItem
from services.sales.models.projections import (
    Lot,
    LotRecall,
    Product,
    ProductPrice,
    StockChange,
    outlet_stock,
    received_line,
)
from services.sales.models.reference import Outlet, Price, Register, RegisterState
from services.sales.models.returns import ReturnLine, ReturnVerdict, SaleReturn
from services.sales.models.sales import LotAssignment, Payment, Sale, SaleLine
from services.sales.models.shifts import Shift, ShiftClose

__all__ = [
    "Base",
    "Lot",
    "LotAssignment",
    "LotRecall",
    "Outlet",
    "Payment",
    "Price",
    "Product",
    "ProductPrice",
    "Quarantine",
    "Register",
    "RegisterState",
    "ReturnLine",
    "ReturnVerdict",
    "Sale",
    "SaleLine",
    "SaleReturn",
    "Shift",
    "ShiftClose",
    "StockChange",
    "WorkItem",
    "outlet_stock",
    "received_line",
]
