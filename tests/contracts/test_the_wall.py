"""Nothing that identifies a person crosses to the city side: the fields of events to sales, written by hand (P33)."""

from __future__ import annotations

from typing import Any

import msgspec

from shared.events import Event, json_schema
from shared.events.subscribers import SUBSCRIBERS, subscription
from tests.contracts.compatibility import resolved

TO_SALES = {
    "ProductPublished": {
        "sku", "version", "name.id", "name.en", "workshop", "category", "unit", "list_price", "material_cost",
        "shelf_life_days", "active",
    },
    "LotCreated": {"lot", "sku", "workshop", "made_on", "expires_on"},
    "ConsignmentReceived": {
        "receipt_id", "consignment_id", "outlet", "lines.sku", "lines.lot", "lines.good", "received_at",
    },
    "StockMoved": {"move_id", "outlet", "sku", "lot", "delta", "reason_code"},
    "LotRecalled": {"lot", "sku", "reason_code", "recalled_at"},
    "TokenRevoked": {"jti", "expires_at"},
}  # fmt: skip
INSIDE_ONLY = {"OutputAccepted", "SkillGranted", "SkillWithdrawn"}
#: Text of any form: the words of a product, the random id of a token, and nothing else.
#: All other text is a code, an id, a day or an instant.
FREE_TEXT = {"ProductPublished": {"name.id", "name.en", "category", "unit"}, "TokenRevoked": {"jti"}}
_BOUND = ("format", "pattern", "enum", "const", "maxLength")


def _leaves(event: type[Event]) -> dict[str, dict[str, Any]]:
    """Path → schema of each value in `data`, also of those inside lists, maps and what may be null."""
    found: dict[str, dict[str, Any]] = {}

    def walk(schema: Any, path: str) -> None:
        inner = [schema[key] for key in ("items", "additionalProperties") if isinstance(schema.get(key), dict)]
        inner += [part for part in schema.get("anyOf", ()) if part.get("type") != "null"]
        for part in inner:
            walk(part, path)
        for name, field in schema.get("properties", {}).items():
            walk(field, f"{path}.{name}" if path else name)
        if not inner and "properties" not in schema:
            found[path] = schema

    walk(resolved(json_schema(event)), "")
    return found


def _to_sales() -> list[type[Event]]:
    return [event for event, consumers in SUBSCRIBERS.items() if "sales" in consumers]


def test_events_to_sales_carry_exactly_the_fields_written_here() -> None:
    assert {event.__name__: set(_leaves(event)) for event in _to_sales()} == TO_SALES
    assert len(_to_sales()) == len(TO_SALES) + 1, "TokenRevoked comes from both"


def test_only_the_words_of_a_product_and_ids_of_tokens_are_free_text_on_the_city_side() -> None:
    free = {
        event.__name__: {
            path
            for path, schema in _leaves(event).items()
            if schema.get("type", "string") == "string" and not schema.keys() & set(_BOUND)
        }
        for event in _to_sales()
    }
    assert {name: paths for name, paths in free.items() if paths} == FREE_TEXT


def test_events_that_name_a_maker_stay_inside() -> None:
    for event, consumers in SUBSCRIBERS.items():
        names_somebody = any(path.split(".")[-1] == "worker_ref" for path in _leaves(event))
        assert names_somebody == (event.__name__ in INSIDE_ONLY)
        assert not (names_somebody and "sales" in consumers)


def test_the_feed_and_the_queue_give_sales_nothing_else() -> None:
    assert subscription("sales", "training") == ("lapak.training.TokenRevoked.v1",)
    assert {name.split(".")[2] for name in subscription("sales", "inventory")} == set(TO_SALES)


class _Maker(msgspec.Struct):
    worker_ref: str


class _Leaky(Event, frozen=True):
    SOURCE = "inventory"
    SUBJECT = "lot"

    lot: str
    maybe: _Maker | None
    several: list[_Maker]
    by_name: dict[str, _Maker]


def test_a_field_hidden_in_a_list_a_map_or_a_nullable_part_is_found() -> None:
    assert set(_leaves(_Leaky)) == {"lot", "maybe.worker_ref", "several.worker_ref", "by_name.worker_ref"}
