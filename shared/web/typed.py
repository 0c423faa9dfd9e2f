"""What somebody typed into a form, when their token had ended by then: it waits in the page until they are in again.

Nothing is kept here: the fields travel along as hidden ones of the door's form, and come back with the code.
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlencode

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge

from shared.http.bodies import PUBLIC_BYTES
from shared.web import addresses

_TO, _PREFIX = "kept-to", "kept."
_MOST = PUBLIC_BYTES // 2  # bytes, as a form sends them


class Typed(NamedTuple):
    """A form that was posted: to which page of ours, and its fields. `lost`: it was too long to travel along."""

    to: str
    fields: list[tuple[str, str]]
    lost: bool = False

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """The fields under other names, for the form of the door."""
        return [(_TO, self.to), *((f"{_PREFIX}{name}", value) for name, value in self.fields)]


def of_this_request() -> Typed | None:
    """What this request, which is not let in, would have posted."""
    to = addresses.this_one()
    if to is None:
        return None
    request.max_content_length = PUBLIC_BYTES
    try:
        fields = list(request.form.items(multi=True))
    except RequestEntityTooLarge:
        return Typed(to, [], lost=True)
    return Typed(to, fields) if len(urlencode(fields)) <= _MOST else Typed(to, [], lost=True)


def brought_along() -> Typed | None:
    """What came with the code."""
    to = addresses.local_path(request.form.get(_TO))
    given = request.form.items(multi=True)
    fields = [(name.removeprefix(_PREFIX), value) for name, value in given if name.startswith(_PREFIX)]
    return Typed(to, fields) if to and fields else None
