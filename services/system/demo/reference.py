"""Loads the sample data of Makassar as reference data, through the API, as staff, an instructor and the city would."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.system.demo.api import Person

SAMPLE = Path(__file__).resolve().parents[1] / "sample_data" / "makassar.json"
_KINDS = {"tetap": "permanent", "acara": "temporary"}


@dataclass(frozen=True)
class Loaded:
    """How much of each kind was loaded."""

    workshops: int
    products: int
    outlets: int
    skills: int
    programmes: int

    def __str__(self) -> str:
        return ", ".join(f"{count} {name}" for name, count in vars(self).items())


def load(*, staff: Person, instructor: Person, city: Person) -> Loaded:
    """Put all of it; doing it twice changes nothing."""
    data = json.loads(SAMPLE.read_text(encoding="utf-8"))
    skills = sorted({item["required_skill"] for item in data["products"]} | {p["skill"] for p in data["programmes"]})
    for skill in skills:
        plain = skill.replace("-", " ").capitalize()
        instructor.put(f"/training/v1/skills/{skill}", {"name": {"id": plain, "en": plain}})
    for programme in data["programmes"]:
        instructor.put(f"/training/v1/programmes/{programme['code']}", _programme(programme))
    for workshop in data["workshops"]:
        staff.put(f"/inventory/v1/workshops/{workshop['code']}", {"name": workshop["name"]})
    for product in data["products"]:
        staff.put(f"/inventory/v1/products/{product['sku']}", _product(product))
    for outlet in data["outlets"]:
        body = {"name": outlet["name"], "kind": _KINDS[outlet["kind"]]}
        city.put(f"/sales/v1/outlets/{outlet['code']}", body)
        city.put(f"/sales/v1/registers/{outlet['code']}-1", {"outlet": outlet["code"], "name": "Kasir 1"})
    return Loaded(
        len(data["workshops"]), len(data["products"]), len(data["outlets"]), len(skills), len(data["programmes"])
    )


def _programme(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": {"id": item["name"], "en": item.get("name_en", item["name"])},
        "skill": item["skill"],
        "workshop": item["workshop"],
        "lesson_hours": item["lesson_hours_jp"],
    }


def _product(item: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": {"id": item["name"], "en": item["name_en"]},
        "workshop": item["workshop"],
        "category": item["category"],
        "unit": item["unit"],
        "required_skill": item["required_skill"],
        "list_price": item["price_idr"],
        "material_cost": item["material_idr"],
        "shelf_life_days": item["shelf_life_days"],
        "active": True,
        "materials": item["materials"],
        "care": item["care"],
    }
