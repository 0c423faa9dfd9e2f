"""What people call things: places and products by name, delivery notes by number."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import UUID

from services.inventory.models.base import ADJUSTMENT, CUSTOMER, PRODUCTION, SCRAP, TRANSIT, code_of
from services.inventory.queries import reference
from shared.clock import business_day
from shared.db import Session
from shared.web.language import name_of, t


class Names:
    """Names of places and of the products given; whatever nobody has named yet is shown by its code."""

    def __init__(self, session: Session, skus: Iterable[str] = ()) -> None:
        self.places = reference.places(session)
        self.products = reference.products_by_sku(session, set(skus))

    def place(self, location: str) -> str:
        """The name of a location, e.g. of `outlet/OUT-DKR` or `transit`."""
        virtual = {
            PRODUCTION: t("Dibuat", "Made"),
            TRANSIT: t("Dalam perjalanan", "In transit"),
            CUSTOMER: t("Terjual", "Sold"),
            SCRAP: t("Tidak layak", "Scrap"),
            ADJUSTMENT: t("Kelebihan", "Surplus"),
        }
        return virtual.get(location) or self.places.get(location) or code_of(location)

    def product(self, sku: str) -> str:
        """The product's name in the language of the page."""
        found = self.products.get(sku)
        return name_of(found.name) if found else sku

    def unit(self, sku: str) -> str:
        """What one of it is called; nothing where that is not known."""
        found = self.products.get(sku)
        return found.unit if found else ""

    def goods(self, sku: str, lot: str | None) -> str:
        """A product with its lot, for a sentence."""
        return f"{self.product(sku)} ({lot or t('tanpa nomor produksi', 'no lot number')})"

    def ends(self, code: Callable[[str], str] = code_of) -> list[tuple[str, list[tuple[str, str]]]]:
        """Workshops and outlets as `(heading, [(code, name)])`, to choose among; `code` makes one of a location."""
        found: list[tuple[str, list[tuple[str, str]]]] = []
        for heading, kind in ((t("Bengkel", "Workshops"), "workshop/"), (t("Gerai", "Outlets"), "outlet/")):
            places = [(code(place), name) for place, name in self.places.items() if place.startswith(kind)]
            found.append((heading, sorted(places, key=lambda one: one[1])))
        return found


def note_number(consignment: UUID, drafted_at: datetime) -> str:
    """The number on a delivery note: the day it was written, and eight signs that tell it from others of that day."""
    return f"SJ-{business_day(drafted_at):%Y%m%d}-{consignment.hex[-8:].upper()}"


def reason(code: str) -> str:
    """A reason's code in words; one not known here as it is."""
    known = {
        "lost": t("hilang", "lost"),
        "not-sent": t("ternyata tidak dikirim", "never sent"),
        "sent-uncounted": t("dikirim tetapi tidak tercatat", "sent but not noted"),
        "surplus": t("kelebihan tanpa sebab", "too many, nobody knows why"),
        "expired": t("lewat batas", "expired"),
        "damaged": t("rusak", "damaged"),
        "contaminated": t("tercemar", "contaminated"),
        "wrong-label": t("label salah", "wrong label"),
        "unsafe": t("tidak aman dipakai", "not safe to use"),
    }
    return known.get(code, code)


def kind_word(kind: str) -> str:
    """What kind of document moved goods, in words."""
    known = {
        "output": t("hasil kerja", "output"),
        "dispatch": t("surat jalan", "delivery note"),
        "receipt": t("penerimaan", "receipt"),
        "discrepancy": t("penyelesaian selisih", "settled difference"),
        "sale": t("penjualan", "sale"),
        "return": t("retur", "return"),
        "lot-assigned": t("nomor produksi dilengkapi", "lot assigned later"),
        "return-lot": t("nomor produksi retur dilengkapi", "lot of returned goods assigned later"),
        "write-off": t("penghapusan", "write-off"),
    }
    return known.get(kind, kind)
