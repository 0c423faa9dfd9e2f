"""The HTTP door: parse, call, answer."""

from services.inventory.routes import consignments, lots, outputs, public, reference, stock, write_offs

blueprints = [
    reference.bp,
    outputs.bp,
    lots.bp,
    consignments.bp,
    write_offs.bp,
    stock.bp,
    public.bp,
]
