"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Check:
    """One line of the report: how many rows were compared, which differ, and which differences are explained."""

    name: str
    compared: int = 0
    drift: list[str] = field(default_factory=list)
    explained: list[str] = field(default_factory=list)

    def differ(self, text: str, *, because: str | None = None) -> None:
        """Note a difference, naming the row; `because`: the dead letter or parked event that explains it."""
        if because is None:
            self.drift.append(text)
        else:
            self.explained.append(f"{text} ({because})")
