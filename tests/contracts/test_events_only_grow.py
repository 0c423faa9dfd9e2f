"""Every published version of an event has a golden payload and a schema, and only grows (P15)."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from shared import jsontext
from shared.events import Event, json_schema
from shared.events.subscribers import BY_TYPE
from tests.contracts.compatibility import breaks

HERE = Path(__file__).parent
TYPES = sorted(BY_TYPE)


def _golden(name: str) -> Any:
    return jsontext.loads((HERE / "golden" / f"{name}.json").read_text(encoding="utf-8"))


def _published(name: str) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((HERE / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    return schema


def test_every_type_has_a_golden_payload_and_a_schema_and_none_was_dropped() -> None:
    for folder in ("golden", "schemas"):
        assert sorted(path.stem for path in (HERE / folder).glob("*.json")) == TYPES


@pytest.mark.parametrize("name", TYPES)
def test_the_golden_payload_is_read_and_written_unchanged(name: str) -> None:
    golden = _golden(name)
    event: Event = BY_TYPE[name].of(golden["data"])
    assert jsontext.loads(jsontext.dumps(event.to_data())) == golden["data"]
    assert event.subject == golden["subject"]
    assert golden["source"] == f"/{event.SOURCE}"


@pytest.mark.parametrize("name", TYPES)
def test_the_golden_payload_fits_the_published_schema(name: str) -> None:
    data = json.loads((HERE / "golden" / f"{name}.json").read_text(encoding="utf-8"))["data"]
    jsonschema.Draft202012Validator(_published(name)).validate(data)


@pytest.mark.parametrize("name", TYPES)
def test_the_contract_has_only_grown_since_it_was_published(name: str) -> None:
    assert breaks(_published(name), json_schema(BY_TYPE[name])) == []


@pytest.mark.parametrize("name", TYPES)
def test_a_field_that_the_reader_does_not_know_is_ignored(name: str) -> None:
    data = _golden(name)["data"]
    assert BY_TYPE[name].of(data | {"from_the_future": {"x": 1}}) == BY_TYPE[name].of(data)


def _remove(fields: dict[str, Any]) -> None:
    del fields["properties"]["total"]


def _rename(fields: dict[str, Any]) -> None:
    fields["properties"]["sum"] = fields["properties"].pop("total")


def _retype(fields: dict[str, Any]) -> None:
    fields["properties"]["total"] = {"type": "string"}


def _require(fields: dict[str, Any]) -> None:
    fields["properties"]["new"] = {"type": "string"}
    fields["required"].append("new")


def _narrow(fields: dict[str, Any]) -> None:
    fields["properties"]["outlet"]["maxLength"] = 10


@pytest.mark.parametrize("change", [_remove, _rename, _retype, _require, _narrow])
def test_a_breaking_change_is_noticed(change: Callable[[dict[str, Any]], None]) -> None:
    schema = json_schema(BY_TYPE["lapak.sales.SaleRecorded.v1"])
    changed = copy.deepcopy(schema)
    change(changed["$defs"]["SaleRecorded"])
    assert breaks(schema, changed)


def test_a_new_optional_field_breaks_nothing() -> None:
    schema = json_schema(BY_TYPE["lapak.sales.SaleRecorded.v1"])
    grown = copy.deepcopy(schema)
    grown["$defs"]["SaleRecorded"]["properties"]["new"] = {"type": "string"}
    assert breaks(schema, grown) == []
