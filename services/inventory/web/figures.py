"""Figures as they are typed into a form, and as a form shows them again."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from flask import request

_FIGURE = re.compile(r"\d{1,14}([.,]\d{1,9})?")


def figure(text: str) -> Decimal | str:
    """The figure that was typed (`97`, `2.5`, `2,5`); the text itself when it is none: the schema refuses it."""
    text = text.strip()
    return Decimal(text.replace(",", ".")) if _FIGURE.fullmatch(text) else text


def figures(*names: str) -> dict[str, Any]:
    """The posted form, with these fields as figures."""
    given: dict[str, Any] = request.form.to_dict()
    return {name: figure(value) if name in names and value.strip() else value for name, value in given.items()}


def plain(value: Decimal | str) -> str:
    """A figure as a number input takes it: `97`, `2.5`."""
    if not isinstance(value, Decimal):
        return str(value)
    return f"{value.normalize():f}"


def lines_of(prefix: str, given: Mapping[str, str]) -> dict[tuple[str, str | None], str]:
    """The fields `{prefix}{sku}/{lot}` that were filled in, as `(sku, lot) → text`; no lot after the stroke is None."""
    found: dict[tuple[str, str | None], str] = {}
    for name, value in given.items():
        if name.startswith(prefix) and value.strip():
            sku, _, lot = name.removeprefix(prefix).partition("/")
            found[sku, lot or None] = value.strip()
    return found
