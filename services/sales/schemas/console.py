"""What the pages of the console are asked for, as it stands in their addresses and forms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from services.sales.queries.reports import GROUPS
from shared.fields import Code
from shared.web.exports import FORMATS

PERIODS = (7, 30, 90)
_LONGEST = timedelta(days=3660)


class PeriodArgs(Schema):
    """The last so many days, or from one day to another (both included); at one outlet or all."""

    days = fields.Integer(load_default=None, validate=validate.OneOf(PERIODS))
    first = fields.Date(load_default=None, data_key="from")
    last = fields.Date(load_default=None, data_key="to")
    outlet = Code(load_default=None)

    @validates_schema
    def _forward(self, data: Mapping[str, Any], **_: Any) -> None:
        first, last = data.get("first"), data.get("last")
        if (first is None) != (last is None):
            raise ValidationError("Both, or neither.", "to" if first else "from")
        if first and last and last < first:
            raise ValidationError("Must not be before from.", "to")
        if first and last and last - first > _LONGEST:
            raise ValidationError("At most ten years.", "to")


class ReportPageArgs(PeriodArgs):
    """A report: grouped by what, to look at or as a file."""

    group = fields.String(load_default="day", validate=validate.OneOf(GROUPS))
    format = fields.String(load_default=None, validate=validate.OneOf(FORMATS))


def span(args: Mapping[str, Any], today: date) -> tuple[date, date]:
    """First and last day of what was asked for; 30 days until today when nothing was."""
    if args.get("first") and args.get("last"):
        return args["first"], args["last"]
    return today - timedelta(days=(args.get("days") or 30) - 1), today
