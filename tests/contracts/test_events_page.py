"""docs/events.md says of every event what it is, who hears it and what each field means."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from shared.events import json_schema
from shared.events.docs import MEANING, meaning, render
from shared.events.subscribers import SUBSCRIBERS

ROOT = Path(__file__).resolve().parents[2]


def _fields() -> set[tuple[str, str]]:
    """(event or part, field) of every field there is."""
    definitions: dict[str, Any] = {}
    for event in SUBSCRIBERS:
        definitions |= json_schema(event)["$defs"]
    return {(owner, field) for owner, schema in definitions.items() for field in schema["properties"]}


def test_every_field_has_a_meaning_and_no_meaning_is_left_over() -> None:
    for owner, field in _fields():
        assert meaning(owner, field).endswith("."), f"{owner}.{field}"
    known = {name for owner, field in _fields() for name in (field, f"{owner}.{field}")}
    assert set(MEANING) <= known


def test_the_page_is_what_the_contracts_say_and_the_same_every_time() -> None:
    assert render() == render()
    assert (ROOT / "docs" / "events.md").read_text(encoding="utf-8") == render(), "run ./lapak docs"


def test_the_page_names_every_event_with_its_listeners_and_an_example() -> None:
    page = render()
    for event, consumers in SUBSCRIBERS.items():
        section = page.partition(f"## {event.type_name()}\n")[2].partition("\n## ")[0]
        assert f"{event.SOURCE} → {', '.join(consumers)}." in section
        assert "```json" in section
