"""A register's page as the server meets it: two clocks, of which somebody may set one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from shared.jsontext import instant
from tests.integration.sales.shop import Shop, sale

#: How far the clock is off that nobody has set.
RIGHT = timedelta()


class Device:
    """A register's page: a clock that somebody may set, and one that nobody can."""

    def __init__(self, shop: Shop, code: str, *, began: datetime, monotonic: bool = True) -> None:
        self.shop, self.code, self.began = shop, code, began
        self.run = str(uuid4()) if monotonic else None
        self.shift, self.wrong, self.number = str(uuid4()), RIGHT, 0

    def clock(self, moment: datetime) -> dict[str, Any]:
        """The monotonic stamp at a true moment."""
        if self.run is None:
            return {}
        return {"run": self.run, "ms": int((moment - self.began).total_seconds() * 1000)}

    def fact(self, field: str, moment: datetime) -> dict[str, Any]:
        """What a fact of that true moment carries of both clocks."""
        return {field: instant(moment + self.wrong)} | ({"device_clock": self.clock(moment)} if self.run else {})

    def sending(self) -> dict[str, Any]:
        """What goes along with what is sent now."""
        moment = datetime.now(UTC)
        return {"sent_at": instant(moment + self.wrong)} | ({"sent_clock": self.clock(moment)} if self.run else {})

    def sell(self, moment: datetime, **changes: Any) -> dict[str, Any]:
        """A sale at a true moment."""
        self.number += 1
        return sale(register_no=self.number, shift_id=self.shift, **self.fact("sold_at", moment), **changes)

    def post(self, *sales: Any) -> list[dict[str, Any]]:
        """Send them now."""
        return self.shop.post(*sales, code=self.code, **self.sending())

    def open(self, moment: datetime) -> dict[str, Any]:
        """The opening of a shift at a true moment."""
        return self.fact("opened_at", moment)

    def send_opening(self, told: dict[str, Any]) -> None:
        """Send it now."""
        answer = self.shop.open_shift(UUID(self.shift), self.code, **told, **self.sending())
        assert answer.status == 201, answer
