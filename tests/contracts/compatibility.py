"""When is a schema of `data` still the same contract? It may grow by optional fields; anything else breaks somebody.

A reader of before must understand what a writer of now announces, and a reader of now what is in the log already.
So no field is removed, renamed, retyped or newly required, and no bound is narrowed (events of before may lie outside)
or widened (readers of before refuse what lies outside). Whoever needs that publishes a new version of the event.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_WORDS = {"$schema", "title", "description"}  # say nothing about what is valid
_PARTS = {"properties", "required", "items", "anyOf", "type"}


def breaks(published: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What a change of schema breaks, in words; empty when it only grew."""
    return list(_compare(resolved(published), resolved(now), "data"))


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """The schema with its references put in place and without the words that are only for people."""
    found: dict[str, Any] = _resolve(schema, schema)
    return found


def _resolve(node: Any, root: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_resolve(value, root) for value in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        return _resolve(root["$defs"][node["$ref"].rpartition("/")[2]], root)
    found = {key: _resolve(value, root) for key, value in node.items() if key not in {"$defs", "properties", *_WORDS}}
    if "properties" in node:  # a field may be called `title`
        found["properties"] = {name: _resolve(field, root) for name, field in node["properties"].items()}
    return found


def _compare(old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[str]:
    if old.get("type") != new.get("type"):
        yield f"{path}: was {old.get('type')}, is {new.get('type')}"
        return
    yield from _compare_fields(old, new, path)
    for bound in sorted((old.keys() | new.keys()) - _PARTS):
        if old.get(bound) != new.get(bound):
            yield f"{path}: {bound} was {old.get(bound)}, is {new.get(bound)}"
    if "items" in old or "items" in new:
        yield from _compare(old.get("items", {}), new.get("items", {}), f"{path}[]")
    before, after = old.get("anyOf", []), new.get("anyOf", [])
    if [part.get("type") for part in before] != [part.get("type") for part in after]:
        yield f"{path}: was one of {before}, is one of {after}"
    else:
        for was, is_now in zip(before, after, strict=True):
            yield from _compare(was, is_now, path)


def _compare_fields(old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[str]:
    required, now_required = set(old.get("required", ())), set(new.get("required", ()))
    fields: dict[str, Any] = new.get("properties", {})
    for name, field in old.get("properties", {}).items():
        if name not in fields:
            yield f"{path}.{name}: is gone"
        else:
            yield from _compare(field, fields[name], f"{path}.{name}")
    for name in sorted(now_required - required):
        yield f"{path}.{name}: is required now; events of before lack it"
    for name in sorted(required - now_required):
        yield f"{path}.{name}: is optional now; readers of before need it"
