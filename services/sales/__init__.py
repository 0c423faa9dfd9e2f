"""Sales: money. Stands on the city's side of the wall: nothing here names a person, cashiers are codes.

Owns: outlets, registers, prices, shifts, sales, returns and refunds, work items, quarantine.
Announces: OutletOpened, SaleRecorded, SaleReturned, SaleLotAssigned, TokenRevoked.
Listens to: ProductPublished, LotCreated, ConsignmentReceived, StockMoved, LotRecalled, TokenRevoked
(inventory); TokenRevoked (training).
Screens: the console (`/sales/`, reports, work items, registers), the register (`/sales/register/`).
"""
