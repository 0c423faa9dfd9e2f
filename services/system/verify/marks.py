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
from shared.events.subscribers import consumers_of
from shared.jsontext import instant

_TYPE = "lapak-mark"
#: Of the look that came first: what was sealed between it and the other is compared the next time.
_HERE = """
    SELECT s.epoch, k.number, k.hi, encode(k.chain, 'hex') AS chain
      FROM stream s LEFT JOIN (SELECT * FROM seal ORDER BY number DESC LIMIT 1) k ON true
"""
#: The first sequence of a source up to `hi` whose effect at a consumer was not compared: not received, or not applied.
_FIRST_LACKING = """
    SELECT least(
        (SELECT min(lower(int8multirange(int8range(1, :hi + 1)) - got))
           FROM cursor JOIN source_state USING (source, epoch) WHERE source = :source),
        (SELECT min(seq) FROM parked WHERE source = :source),
        (SELECT min(seq) FROM dead_letter WHERE source = :source AND resolution IS NULL), :hi + 1)
"""
_AT = """
    SELECT (SELECT encode(chain, 'hex') FROM seal WHERE number = :number) AS chain,
           (SELECT epoch FROM stream) AS epoch,
           (SELECT sealed FROM ancestor WHERE epoch = CAST(:epoch AS uuid)) AS shared,
           (SELECT shared FROM ancestor WHERE epoch = CAST(:epoch AS uuid)) AS shared_seq,
           EXISTS (SELECT FROM ancestor WHERE epoch = CAST(:epoch AS uuid)) AS left
"""


class NoMark(Exception):
    """The file is no mark of this system; the text says why."""


class Place(msgspec.Struct, frozen=True):
    """Where a log stood: the seal with this number has this chain, and all up to this sequence was compared."""

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
        row = view.holder(service, _HERE)[0]
        lacking = [
            view.holder(consumer, _FIRST_LACKING, source=service, hi=row.hi or 0)[0][0]
            for consumer in consumers_of(service)
        ]
        places[service] = Place(row.epoch, row.number or 0, min(lacking) - 1, row.chain or "")
    return Mark(instant(now()), places)


def starts(view: View, mark: Mark | None) -> dict[str, tuple[int, int]]:
    """By service, after which seal and sequence to go on; of an epoch that was left, what the present one shares."""
    found = {}
    for service, place in mark.places.items() if mark else ():
        row = view.source(service, _AT, number=place.number, epoch=str(place.epoch))[0]
        shared = (place.number, place.sequence) if row.epoch == place.epoch else (row.shared or 0, row.shared_seq or 0)
        found[service] = (min(place.number, shared[0]), min(place.sequence, shared[1]))
    return found


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
