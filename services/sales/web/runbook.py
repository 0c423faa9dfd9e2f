"""The part of docs/operations.md that says what to do when something is wrong, for whoever has no other copy.

Only as much of Markdown as is used there: paragraphs, lists, tables, commands; code, links and stress within a line.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup, escape

_PAGE = Path(__file__).resolve().parents[3] / "docs" / "operations.md"
_PART = re.compile(r"^## When something is wrong$(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_ITEM = re.compile(r"^(?:- |\d+\. )", re.MULTILINE)
_WITHIN = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*(.+?)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"\[([^]]+)\]\((#[a-z-]+)\)"), r'<a href="\2">\1</a>'),
    (re.compile(r"\[([^]]+)\]\([^)]+\)"), r"\1"),  # of another page
)


class Block(NamedTuple):
    """`kind` is text, commands, list, steps or table; the lines of each: one text, items, or rows of cells."""

    kind: str
    lines: list[list[Markup]]


class Section(NamedTuple):
    """A heading with its anchor and what stands below it."""

    title: str
    anchor: str
    blocks: list[Block]


@cache
def sections() -> list[Section]:
    """The sections in order; none where the page was not installed."""
    part = _PART.search(_PAGE.read_text(encoding="utf-8")) if _PAGE.is_file() else None
    _, *found = re.split(r"^### ", part[1] if part else "", flags=re.MULTILINE)
    return [_section(*text.split("\n", 1)) for text in found]


def _section(title: str, body: str) -> Section:
    blocks = [_block(text) for text in re.split(r"\n\s*\n", body.strip())]
    return Section(title, title.lower().replace(" ", "-"), blocks)


def _block(text: str) -> Block:
    if text.startswith("```"):
        return Block("commands", [[escape("\n".join(text.split("\n")[1:-1]))]])
    if text.startswith("|"):
        heading, _, *rows = text.split("\n")
        return Block("table", [[_line(cell) for cell in row.strip("| ").split(" | ")] for row in (heading, *rows)])
    if _ITEM.match(text):
        kind = "list" if text.startswith("-") else "steps"
        return Block(kind, [[_line(item)] for item in _ITEM.split(text)[1:]])
    return Block("text", [[_line(text)]])


def _line(text: str) -> Markup:
    found = str(escape(" ".join(text.split())))
    for pattern, markup in _WITHIN:
        found = pattern.sub(markup, found)
    return Markup(found)  # noqa: S704  # it was escaped above
