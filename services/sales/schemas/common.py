"""What every fact of a register may carry of the device's clocks."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from marshmallow import Schema, ValidationError

from shared.bounds import Beside
from shared.fields import Instant, Uuid, WholeNumber


class DeviceClock(Schema):
    """A clock that nobody can put right or wrong: milliseconds since a run of the page began, and which run.

    At most three years of them: with more, no moment could be computed that the ledger can hold.
    """

    run = Uuid(required=True)
    ms = WholeNumber(high=10**11, required=True)


class _InstantBeside(Instant):
    """A moment beside facts: as `Beside`."""

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        """The moment, or None."""
        with suppress(ValidationError):
            return super().deserialize(value, attr, data, **kwargs)
        return None


class Sending(Schema):
    """The device's clocks when it sends. Not content: a fact that is sent again later is the same.

    Nor does money wait for them: what cannot be read counts as not said.
    """

    sent_at = _InstantBeside(load_default=None, allow_none=True)
    sent_clock = Beside(DeviceClock, load_default=None, allow_none=True)
