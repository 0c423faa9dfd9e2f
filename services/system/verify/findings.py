"""What a check found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass
class Check:
    """One line of the report: how many rows were compared, which differ, and which differences are explained."""

    name: str
    compared: int = 0
    drift: list[str] = field(default_factory=list)
    explained: list[str] = field(default_factory=list)

    def differ(self, text: str) -> None:
        """Note a difference, naming the row."""
        self.drift.append(text)


def merged(checks: Iterable[Check]) -> list[Check]:
    """Parts of one check as one, in the order of the first."""
    found: dict[str, Check] = {}
    for check in checks:
        one = found.setdefault(check.name, Check(check.name))
        one.compared += check.compared
        one.drift += check.drift
        one.explained += check.explained
    return list(found.values())
