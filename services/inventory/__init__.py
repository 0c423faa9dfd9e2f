"""Inventory: goods.

Owns: products, workshops, outputs, lots, the stock ledger, consignments with dispatch and receipt, discrepancies,
write-offs, recalls.
Announces: ProductPublished, OutputAccepted (inside the wall only), LotCreated, ConsignmentReceived,
StockMoved, LotRecalled, TokenRevoked.
Listens to: SkillGranted, SkillWithdrawn, TokenRevoked (training); OutletOpened, SaleRecorded, SaleReturned,
SaleLotAssigned, TokenRevoked (sales).
Screens: the console (`/inventory/`) and the pages of staff; the workshop's terminal (`/inventory/terminal/`), the
shop's receiving (`/inventory/receiving/`); the public page of a lot (`/inventory/p/{lot}`).
"""
