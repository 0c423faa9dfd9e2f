"""When is a schema of `data` still the same contract? It may grow; whoever read it before must still be able to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_BOUNDS = ("minimum", "maximum", "minLength", "maxLength", "pattern", "format", "enum", "const")


def breaks(published: dict[str, Any], now: dict[str, Any]) -> list[str]:
    """What a change of schema breaks, in words; empty when it only grew."""
    return list(_compare(_resolve(published, published), _resolve(now, now), "data"))


def _resolve(node: Any, root: dict[str, Any]) -> Any:
    """The schema with its references put in place."""
    if isinstance(node, dict):
        if "$ref" in node:
            return _resolve(root["$defs"][node["$ref"].rpartition("/")[2]], root)
        return {key: _resolve(value, root) for key, value in node.items() if key not in {"$defs", "description"}}
    return [_resolve(value, root) for value in node] if isinstance(node, list) else node


def _compare(old: dict[str, Any], new: dict[str, Any], path: str) -> Iterator[str]:
    if old.get("type") != new.get("type"):
        yield f"{path}: was {old.get('type')}, is {new.get('type')}"
        return
    for name, field in old.get("properties", {}).items():
        if name not in new["properties"]:
            yield f"{path}.{name}: is gone"
        else:
            yield from _compare(field, new["properties"][name], f"{path}.{name}")
    for name in set(new.get("required", ())) - set(old.get("required", ())):
        yield f"{path}.{name}: is required now; events of before lack it"
    for name in set(old.get("required", ())) - set(new.get("required", ())):
        yield f"{path}.{name}: is optional now; readers of before need it"
    for bound in _BOUNDS:
        if old.get(bound) != new.get(bound):
            yield f"{path}: {bound} was {old.get(bound)}, is {new.get(bound)}"
    if "items" in old:
        yield from _compare(old["items"], new.get("items", {}), f"{path}[]")
    if old.get("anyOf") != new.get("anyOf"):
        yield f"{path}: was one of {old.get('anyOf')}, is one of {new.get('anyOf')}"
