"""Parts that several nouns share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from marshmallow import ValidationError, fields, validate

from services.inventory.models.base import code_of

REASON = r"^[a-z0-9-]{2,40}$"
CASHIER = r"^[a-z0-9-]{3,16}$"


class ReasonCode(fields.String):
    """A reason as a code: free text does not cross the wall."""

    def __init__(self, **kwargs: Any) -> None:
        rule = validate.Regexp(REASON.replace("$", r"\Z"))
        super().__init__(validate=rule, **{"metadata": {"pattern": REASON}, **kwargs})


class CashierCode(fields.String):
    """Who stands in the shop, as a code: nobody placed there is told apart by a name."""

    def __init__(self, **kwargs: Any) -> None:
        rule = validate.Regexp(CASHIER.replace("$", r"\Z"))
        super().__init__(validate=rule, **{"metadata": {"pattern": CASHIER}, **kwargs})


class Place(fields.String):
    """A location as the API calls it: a workshop's or outlet's code, or a virtual name."""

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else code_of(str(value))


def each_lot_once(lines: Sequence[Mapping[str, Any]]) -> None:
    """Raise ValidationError when two lines name the same product and lot."""
    keys = [(line.get("sku"), line.get("lot")) for line in lines]
    if len(set(keys)) != len(keys):
        raise ValidationError("Each lot of a product on one line only.")
