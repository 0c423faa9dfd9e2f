"""`docs/events.md`, made from the contracts themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from shared.events.base import Event, json_schema
from shared.events.subscribers import SUBSCRIBERS

_HEAD = """# Events

Made from `shared/events/` by `./lapak docs`; do not edit.

Each travels as CloudEvents 1.0 in structured JSON: `specversion, id, source, type, subject, time, datacontenttype,
sequence, traceparent, data`. Below is `data`. A published version only grows; readers ignore fields that they do not know.

| event | announced by | received by | about |
|---|---|---|---|
"""


def _fields(schema: dict[str, Any], definitions: dict[str, Any], indent: str = "") -> Iterator[str]:
    for name, field in schema["properties"].items():
        needed = "" if name in schema.get("required", ()) else ", optional"
        description = field.get("description", "")
        yield f"{indent}- `{name}`: {_type(field, definitions)}{needed}{'. ' + description if description else ''}"
        inner = field.get("items", field).get("$ref")
        if inner:
            yield from _fields(definitions[inner.rpartition("/")[2]], definitions, indent + "  ")


def _type(field: dict[str, Any], definitions: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_type(part, definitions) for part in field["anyOf"])
    if "$ref" in field:
        return "object"
    if "enum" in field:
        return " | ".join(f"`{value}`" for value in field["enum"])
    if field["type"] == "array":
        return f"list of {_type(field['items'], definitions)}"
    return str(field.get("format", field["type"]))


def _section(event: type[Event], consumers: tuple[str, ...]) -> Iterator[str]:
    schema = json_schema(event)
    definitions = schema["$defs"]
    yield f"\n## {event.type_name()}\n"
    yield f"{(event.__doc__ or '').strip()} Subject: `{event.SUBJECT}`. {event.SOURCE} → {', '.join(consumers)}.\n"
    yield from _fields(definitions[event.__name__], definitions)


def render() -> str:
    """The page, always the same for the same contracts."""
    rows = [
        f"| [{event.__name__}](#{event.type_name().lower().replace('.', '')}) | {event.SOURCE} | {', '.join(names)} |"
        f" {(event.__doc__ or '').strip().partition('.')[0]} |"
        for event, names in SUBSCRIBERS.items()
    ]
    sections = [line for event, names in SUBSCRIBERS.items() for line in _section(event, names)]
    return _HEAD + "\n".join(rows + sections) + "\n"
