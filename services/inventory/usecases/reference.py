"""Workshops and products are put; outlets are heard of."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql import insert

from services.inventory.models import Outlet, Product, Workshop
from services.inventory.models.base import VIRTUAL
from shared.db import Session
from shared.events.base import BilingualName
from shared.events.inventory import ProductPublished
from shared.events.sales import OutletOpened
from shared.fields import invalid
from shared.messaging import publish


def put_workshop(session: Session, *, code: str, name: str) -> tuple[Workshop, bool]:
    """Create or change a workshop; (workshop, whether it is new). Raises Invalid for the name of a virtual location."""
    if code in VIRTUAL:
        raise invalid("code", "This is the name of a location that is no place.")
    made = insert(Workshop).values(code=code, name=name, version=1).on_conflict_do_nothing().returning(Workshop)
    if (new := session.scalars(made).one_or_none()) is not None:
        return new, True
    workshop = session.get_one(Workshop, code, with_for_update=True)
    if workshop.name != name:
        workshop.name, workshop.version = name, workshop.version + 1
    return workshop, False


def put_product(
    session: Session,
    *,
    sku: str,
    name: dict[str, str],
    materials: dict[str, str] | None = None,
    care: dict[str, str] | None = None,
    **content: Any,
) -> tuple[Product, bool]:
    """Create or change a product, and announce it when that changed anything; (product, whether it is new).

    Raises Invalid when its workshop is not known.
    """
    if session.get(Workshop, content["workshop"]) is None:
        raise invalid("workshop", "No such workshop.")
    values = content | {"name_id": name["id"], "name_en": name["en"]}
    for key, words in (("materials", materials or {}), ("care", care or {})):
        values |= {f"{key}_id": words.get("id"), f"{key}_en": words.get("en")}
    made = insert(Product).values(sku=sku, version=1, **values).on_conflict_do_nothing().returning(Product)
    if (new := session.scalars(made).one_or_none()) is not None:
        publish(session, _published(new))
        return new, True
    product = session.get_one(Product, sku, with_for_update=True)
    changed = {key: value for key, value in values.items() if getattr(product, key) != value}
    if changed:
        for key, value in changed.items():
            setattr(product, key, value)
        product.version += 1
        publish(session, _published(product))
    return product, False


def _published(product: Product) -> ProductPublished:
    return ProductPublished(
        sku=product.sku,
        version=product.version,
        name=BilingualName(id=product.name_id, en=product.name_en),
        workshop=product.workshop,
        category=product.category,
        unit=product.unit,
        list_price=product.list_price,
        material_cost=product.material_cost,
        shelf_life_days=product.shelf_life_days,
        active=product.active,
    )


def hear_of_outlet(session: Session, event: OutletOpened) -> None:
    """Keep the newest version of an outlet."""
    values = {
        "name": event.name,
        "kind": event.kind,
        "opens_on": event.opens_on,
        "closes_on": event.closes_on,
        "version": event.version,
    }
    statement = insert(Outlet).values(code=event.outlet, **values)
    session.execute(
        statement.on_conflict_do_update(
            index_elements=[Outlet.code], set_=values, where=Outlet.version < statement.excluded.version
        )
    )
