"""Comparing two sets of rows by sums over buckets, inside the databases; only buckets that differ are read row by row.

A side is a select of `k` (what the row is, as text) and `v` (all that it says, as text). Rows are equal when both are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

BUCKETS = 4096
DRILLED = 40  # buckets that are read row by row; many more differ when something is wrong altogether

_SUMS = """
    SELECT hashtextextended(k, 0) & {last} AS bucket, count(*) AS rows,
           sum(hashtextextended(k || E'\\n' || v, 1)) AS sum
      FROM (SELECT coalesce(k, '-') AS k, coalesce(v, '-') AS v FROM ({side}) AS side) AS side GROUP BY 1
"""
_ROWS = """
    SELECT coalesce(k, '-') AS k, coalesce(v, '-') AS v FROM ({side}) AS side
     WHERE hashtextextended(coalesce(k, '-'), 0) & {last} = ANY(:buckets)
"""

#: Runs a statement with values: one side of the comparison.
Ask = Callable[..., list[Any]]


_ALL = "SELECT coalesce(k, '-') AS k, coalesce(v, '-') AS v FROM ({side}) AS side"
_OF = f"SELECT * FROM ({_ALL}) AS every WHERE k = ANY(:keys)"


class Difference(NamedTuple):
    """Under one key: what the one side says, and what the other (each None where it says nothing)."""

    key: str
    told: str | None
    found: str | None


class Side(NamedTuple):
    """A select, whom to ask, and its values."""

    ask: Ask
    select: str
    values: dict[str, Any]

    def sums(self) -> dict[int, tuple[int, int]]:
        """By bucket: rows, and the sum of their hashes."""
        found = self.ask(_SUMS.format(last=BUCKETS - 1, side=self.select), **self.values)
        return {row.bucket: (row.rows, int(row.sum)) for row in found}

    def rows(self, buckets: list[int]) -> dict[str, list[str]]:
        """What is in these buckets, by key."""
        found: dict[str, list[str]] = defaultdict(list)
        for row in self.ask(_ROWS.format(last=BUCKETS - 1, side=self.select), **self.values, buckets=buckets):
            found[row.k].append(row.v)
        return found

    def of(self, keys: list[str] | None) -> dict[str, list[str]]:
        """What is under these keys; all there is for None."""
        given = self.values if keys is None else self.values | {"keys": keys}
        found: dict[str, list[str]] = defaultdict(list)
        for row in self.ask((_ALL if keys is None else _OF).format(side=self.select), **given):
            found[row.k].append(row.v)
        return found


def compare_news(told: Side, found: Side) -> tuple[int, list[Difference], int]:
    """The same of the few rows that are told, and what is found under their keys: for what is new since a mark."""
    one = told.of(None)
    return sum(map(len, one.values())), list(_between(one, found.of(list(one)))), 0


def compare(told: Side, found: Side) -> tuple[int, list[Difference], int]:
    """(rows compared, differences, buckets that differ and were not read)."""
    one, other = told.sums(), found.sums()
    compared = max(sum(rows for rows, _ in one.values()), sum(rows for rows, _ in other.values()))
    wrong = sorted(bucket for bucket in one.keys() | other.keys() if one.get(bucket) != other.get(bucket))
    read = wrong[:DRILLED]
    differences = list(_between(told.rows(read), found.rows(read))) if read else []
    return compared, differences, len(wrong) - len(read)


def _between(told: dict[str, list[str]], found: dict[str, list[str]]) -> Iterator[Difference]:
    for key in sorted(told.keys() | found.keys()):
        one, other = sorted(told.get(key, [])), sorted(found.get(key, []))
        for value in list(one):
            if value in other:  # on both sides: as often as it is on the one with fewer
                one.remove(value)
                other.remove(value)
        for index in range(max(len(one), len(other))):
            yield Difference(
                key, one[index] if index < len(one) else None, other[index] if index < len(other) else None
            )
