"""Where a page may lead: to a path of our own origin, and nowhere else, however the address is spelt."""

from __future__ import annotations

import re
from urllib.parse import quote, unquote, urlsplit

from flask import request

_OTHERS = "!$&'()*+,;=:@%/?~[]"
#: What a path and its query are written with (RFC 3986): so no `\`, which browsers take for `/`, and neither tab nor
#: line break, which they drop before they read.
_WRITTEN = re.compile(rf"/[A-Za-z0-9._{re.escape(_OTHERS)}-]*", re.ASCII)
_ASTRAY = re.compile(r"//|\\|[\x00-\x1f\x7f]|/\.\.?(/|$)")
_LONGEST = 2000


def local_path(text: str | None) -> str | None:
    """A path of ours, perhaps with a query, as it may stand in a `Location`; None when it is anything else.

    A path that a browser, a proxy or a server might read as another one than is written is refused, also where that
    shows only once it is decoded, or decoded twice.
    """
    if not text or len(text) > _LONGEST or not _WRITTEN.fullmatch(text):
        return None
    path = text.partition("?")[0]
    for _ in range(3):
        if _ASTRAY.search(path):
            return None
        path = unquote(path)
    return text


def this_one() -> str | None:
    """The path and query of this request, to come back to; None when no page of ours is spelt like that."""
    query = quote(request.query_string, safe=_OTHERS)
    return local_path(quote(request.path) + (f"?{query}" if query else ""))


def where_from() -> str | None:
    """The path and query of our own page that the browser says it comes from; None when it is not ours, or untold."""
    try:
        found = urlsplit(request.headers.get("Referer", ""))
    except ValueError:  # a bracket of no IPv6 address
        return None
    if f"{found.scheme}://{found.netloc}" != request.host_url.rstrip("/"):
        return None
    return local_path(found.path + (f"?{found.query}" if found.query else ""))
