"""Sales' tables, and the rules that always hold."""

from services.sales.models.base import Base
from services.sales.models.oddities import Quarantine, Reconsideration, WorkItem
from services.sales.models.projections import (
    Lot,
    LotRecall,
    Product,
    ProductPrice,
    StockChange,
    outlet_stock,
    received_line,
)
from services.sales.models.reference import (
    ClosedNumber,
    Outlet,
    Price,
    Register,
    RegisterNumbers,
    RegisterPlacement,
    RegisterRun,
    RegisterState,
)
from services.sales.models.returns import ReturnLine, ReturnVerdict, SaleReturn
from services.sales.models.sales import LotAssignment, Payment, Sale, SaleLine
from services.sales.models.shifts import Shift, ShiftClose

__all__ = [
    "Base",
    "ClosedNumber",
    "Lot",
    "LotAssignment",
    "LotRecall",
    "Outlet",
    "Payment",
    "Price",
    "Product",
    "ProductPrice",
    "Quarantine",
    "Reconsideration",
    "Register",
    "RegisterNumbers",
    "RegisterPlacement",
    "RegisterRun",
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
