"""Every published version of an event has a golden payload and a schema, and only grows (P15)."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from shared import jsontext
from shared.events import Event, json_schema
from shared.events.subscribers import BY_TYPE
from tests.contracts.compatibility import breaks, resolved
from tests.contracts.publish import SCHEMAS, published

GOLDEN = Path(__file__).parent / "golden"
TYPES = sorted(BY_TYPE)
CloudEvent = dict[str, Any]
Fields = dict[str, Any]


def _golden(name: str) -> CloudEvent:
    event: CloudEvent = jsontext.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    return event


def _published(name: str) -> dict[str, Any]:
    schema = published(name)
    assert schema is not None
    return schema


def _grown(golden: Any, written: Any) -> bool:
    """Whether what is written holds all that the golden payload holds, and at most fields more."""
    if isinstance(golden, dict):
        return isinstance(written, dict) and all(
            name in written and _grown(value, written[name]) for name, value in golden.items()
        )
    if isinstance(golden, list):
        return (
            isinstance(written, list)
            and len(golden) == len(written)
            and all(_grown(one, other) for one, other in zip(golden, written, strict=True))
        )
    return bool(golden == written)


def test_every_type_has_a_golden_payload_and_a_schema_and_none_was_dropped() -> None:
    for folder in (GOLDEN, SCHEMAS):
        assert sorted(path.stem for path in folder.glob("*.json")) == TYPES


@pytest.mark.parametrize("name", TYPES)
def test_the_golden_payload_is_read_and_written_with_nothing_lost(name: str) -> None:
    golden = _golden(name)
    event: Event = BY_TYPE[name].of(golden["data"])
    assert _grown(golden["data"], jsontext.loads(jsontext.dumps(event.to_data())))
    assert (golden["type"], golden["subject"], golden["source"]) == (name, event.subject, f"/{event.SOURCE}")


@pytest.mark.parametrize("name", TYPES)
def test_the_golden_payload_fits_the_published_schema(name: str) -> None:
    data = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))["data"]
    validator = jsonschema.Draft202012Validator(_published(name), format_checker=jsonschema.FormatChecker())
    validator.validate(data)


@pytest.mark.parametrize("name", TYPES)
def test_no_list_of_a_golden_payload_is_empty_for_that_would_show_nothing(name: str) -> None:
    lists = [value for value in _golden(name)["data"].values() if isinstance(value, list)]
    assert all(lists)


@pytest.mark.parametrize("name", TYPES)
def test_the_contract_has_only_grown_since_it_was_published(name: str) -> None:
    assert breaks(_published(name), json_schema(BY_TYPE[name])) == []


@pytest.mark.parametrize("name", TYPES)
def test_what_the_contract_has_grown_by_is_published_too(name: str) -> None:
    # Else a field could be added and removed again while the committed schema knew nothing of it.
    assert resolved(_published(name)) == resolved(json_schema(BY_TYPE[name])), "run python -m tests.contracts.publish"


@pytest.mark.parametrize("name", TYPES)
def test_a_field_that_the_reader_does_not_know_is_ignored(name: str) -> None:
    data = _golden(name)["data"]
    assert BY_TYPE[name].of(data | {"from_the_future": {"x": 1}}) == BY_TYPE[name].of(data)


@pytest.mark.parametrize("name", TYPES)
def test_an_event_without_a_field_that_its_version_always_had_is_refused_by_name(name: str) -> None:
    data = _golden(name)["data"]
    for field in _published(name)["$defs"][BY_TYPE[name].__name__]["required"]:
        with pytest.raises(msgspec.ValidationError, match=f"`{field}`"):
            BY_TYPE[name].of({key: value for key, value in data.items() if key != field})


def _remove(sale: Fields, _line: Fields) -> None:
    del sale["properties"]["total"]
    sale["required"].remove("total")


def _rename(sale: Fields, _line: Fields) -> None:
    sale["properties"]["sum"] = sale["properties"].pop("total")


def _remove_from_a_line(_sale: Fields, line: Fields) -> None:
    del line["properties"]["lot"]


def _retype(sale: Fields, _line: Fields) -> None:
    sale["properties"]["total"] = {"type": "string"}


def _retype_from_null(_sale: Fields, line: Fields) -> None:
    line["properties"]["lot"] = line["properties"]["lot"]["anyOf"][0]


def _retype_to_null(sale: Fields, _line: Fields) -> None:
    sale["properties"]["total"] = {"anyOf": [sale["properties"]["total"], {"type": "null"}]}


def _retype_what_a_list_holds(sale: Fields, _line: Fields) -> None:
    sale["properties"]["lines"]["items"] = {"type": "string"}


def _require_a_new_field(sale: Fields, _line: Fields) -> None:
    sale["properties"]["new"] = {"type": "string"}
    sale["required"].append("new")


def _require_a_new_field_of_a_line(_sale: Fields, line: Fields) -> None:
    line["properties"]["new"] = {"type": "string"}
    line["required"].append("new")


def _make_optional(sale: Fields, _line: Fields) -> None:
    sale["required"].remove("total")


def _narrow_a_length(sale: Fields, _line: Fields) -> None:
    sale["properties"]["outlet"]["maxLength"] = 10


def _narrow_by_a_new_bound(sale: Fields, _line: Fields) -> None:
    sale["properties"]["register_no"]["exclusiveMinimum"] = 0


def _narrow_to_words(sale: Fields, _line: Fields) -> None:
    sale["properties"]["register"] |= {"enum": ["A", "B"]}


def _narrow_inside_a_nullable(_sale: Fields, line: Fields) -> None:
    line["properties"]["lot"]["anyOf"][0]["pattern"] = "^[0-9A-Z]{10}$"


def _narrow_a_list(sale: Fields, _line: Fields) -> None:
    sale["properties"]["lines"]["minItems"] = 1


def _refuse_unknown_fields(_sale: Fields, line: Fields) -> None:
    line["additionalProperties"] = False


def _widen(sale: Fields, _line: Fields) -> None:
    sale["properties"]["outlet"]["maxLength"] = 80


BREAKING = [
    _remove,
    _rename,
    _remove_from_a_line,
    _retype,
    _retype_from_null,
    _retype_to_null,
    _retype_what_a_list_holds,
    _require_a_new_field,
    _require_a_new_field_of_a_line,
    _make_optional,
    _narrow_a_length,
    _narrow_by_a_new_bound,
    _narrow_to_words,
    _narrow_inside_a_nullable,
    _narrow_a_list,
    _refuse_unknown_fields,
    _widen,
]


def _changed(change: Callable[[Fields, Fields], None]) -> list[str]:
    schema = json_schema(BY_TYPE["lapak.sales.SaleRecorded.v1"])
    changed = copy.deepcopy(schema)
    change(changed["$defs"]["SaleRecorded"], changed["$defs"]["SoldLine"])
    return breaks(schema, changed)


@pytest.mark.parametrize("change", BREAKING, ids=lambda change: change.__name__.strip("_"))
def test_a_breaking_change_is_noticed(change: Callable[[Fields, Fields], None]) -> None:
    assert _changed(change)


def _grow(sale: Fields, _line: Fields) -> None:
    sale["properties"]["new"] = {"type": "string", "default": ""}


def _grow_a_line(_sale: Fields, line: Fields) -> None:
    line["properties"]["title"] = {"type": "string", "maxLength": 5}


def _say_it_better(sale: Fields, line: Fields) -> None:
    sale["description"] = line["properties"]["sku"]["description"] = "Better words."


@pytest.mark.parametrize("change", [_grow, _grow_a_line, _say_it_better])
def test_growing_by_an_optional_field_or_by_better_words_breaks_nothing(
    change: Callable[[Fields, Fields], None],
) -> None:
    assert _changed(change) == []
