"""A mark: the seals of all three logs at a moment, signed, in a file that is kept out of reach of the databases.

Whoever rewrites all three databases consistently is found by it: the chain of each log must go through its seal.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from services.system.verify.findings import Check
from services.system.verify.snapshots import View
from shared import config
from shared.auth import ALGORITHM
from shared.clock import now
from shared.config import SERVICES
from shared.jsontext import instant

_TYPE = "lapak-mark"
_HERE = """
    SELECT s.epoch, s.last_seq, k.number, k.hi, encode(k.chain, 'hex') AS chain
      FROM stream s LEFT JOIN (SELECT * FROM seal ORDER BY number DESC LIMIT 1) k ON true
"""
_AT = """
    SELECT (SELECT encode(chain, 'hex') FROM seal WHERE number = :number) AS chain,
           (SELECT epoch FROM stream) AS epoch,
           (SELECT sealed FROM ancestor WHERE epoch = CAST(:epoch AS uuid)) AS shared,
           EXISTS (SELECT FROM ancestor WHERE epoch = CAST(:epoch AS uuid)) AS left
"""


class NoMark(Exception):
    """The file is no mark of this system; the text says why."""


class Place(msgspec.Struct, frozen=True):
    """Where a log stood: the seal with this number, over all up to this sequence, has this chain."""

    epoch: UUID
    number: int
    sequence: int
    chain: str


@dataclass(frozen=True)
class Mark:
    """The places of the logs, by service, and when they were looked at."""

    made_at: str
    places: Mapping[str, Place]


def make(view: View) -> Mark:
    """The mark of what a view shows."""
    places = {}
    for service in SERVICES:
        row = view.source(service, _HERE)[0]
        places[service] = Place(row.epoch, row.number or 0, row.hi or 0, row.chain or "")
    return Mark(instant(now()), places)


def write(path: Path, mark: Mark) -> None:
    """Sign it with the key of the command line. Raises MissingSetting where that is not at hand."""
    key = OKPKey.import_key(json.loads(config.get("LAPAK_TOKEN_PRIVATE_KEY")))
    body = msgspec.json.encode({"made_at": mark.made_at, "places": mark.places})
    header = {"alg": ALGORITHM, "kid": key.kid, "typ": _TYPE}
    path.write_text(jws.serialize_compact(header, body, key, algorithms=[ALGORITHM]) + "\n", encoding="ascii")


def read(path: Path) -> Mark:
    """The mark in a file. Raises NoMark when it is none, or was not signed by a key that this system knows."""
    try:
        text = path.read_text(encoding="ascii").strip()
        header = jws.extract_compact(text.encode()).headers()
        keys = json.loads(config.get("LAPAK_TOKEN_PUBLIC_KEYS"))["keys"]
        known = next((key for key in keys if key["kid"] == header.get("kid")), None)
        # A key of one service alone may not speak for all three.
        if known is None or known.get("holder", "office") != "office" or header.get("typ") != _TYPE:
            raise NoMark(f"{path} was not signed by a key of this system's office")
        signed = jws.deserialize_compact(text, OKPKey.import_key(known), algorithms=[ALGORITHM])
        body: dict[str, Any] = msgspec.json.decode(signed.payload)
        places = {name: msgspec.convert(body["places"][name], Place) for name in SERVICES}
        return Mark(str(body["made_at"]), places)
    except (JoseError, OSError, KeyError, ValueError, TypeError, AttributeError, msgspec.MsgspecError):
        raise NoMark(f"{path} is no mark, or was changed since it was written") from None


def check_mark(view: View, service: str, mark: Mark) -> Check:
    """The chain of a log goes through the mark's seal, unless the log was restored to before it: then it says so."""
    place = mark.places[service]
    check = Check("the logs go through the mark", 1)
    if place.number == 0:
        return check
    row = view.source(service, _AT, number=place.number, epoch=str(place.epoch))[0]
    where = f"{service}: seal {place.number} at sequence {place.sequence}"
    if place.epoch != row.epoch and not row.left:
        check.differ(f"{where}: its epoch {place.epoch} is not one that this log comes from")
    elif place.epoch != row.epoch and place.number > (row.shared or 0):
        check.explained.append(f"{where}: the log was restored to before it")
    elif row.chain is None:
        check.differ(f"{where}: it is gone")
    elif row.chain != place.chain:
        check.differ(f"{where}: now it is another")
    return check
