"""Batches on the queue are signed by the courier of their source, and checked before anything of them is believed.

Whoever can write to Redis can put there what it likes; it cannot make a batch that says another service did something.
What is signed is the batch as it travels, every field of it but the signature itself: also fields that come later. The
key is the courier's, with which it asks for feeds; a prefix keeps what is signed apart from tokens. See decision 0014.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature

from shared import holders, jsontext
from shared.auth import signing_key, verifying_key
from shared.config import SERVICES
from shared.messaging.batch import Batch, from_wire

Wire = Mapping[str, Any]

FIELD = "signature"
_PREFIX = b"lapak batch, version 1\n"


class Refused(Exception):
    """This did not come from the service that it names as its source; the text says why it is not believed."""


def _signed(wire: Wire) -> bytes:
    """What is signed: the batch's JSON, members in the order in which they travel, as a digest."""
    text = jsontext.quick_dumps({name: value for name, value in wire.items() if name != FIELD})
    return _PREFIX + hashlib.sha512(text.encode()).digest()


def sign(service: str, wire: Wire) -> dict[str, Any]:
    """The batch with the signature of the service's courier."""
    key_id, key = signing_key(holders.courier(service))
    value = base64.b64encode(key.sign(_signed(wire))).decode()
    return {**wire, FIELD: {"key": key_id, "value": value}}


def check(wire: Any) -> Batch:
    """The batch, if the courier of its source has signed it as it is here. Raises Refused."""
    if not isinstance(wire, Mapping):
        raise Refused("it is no batch")
    given, source = wire.get(FIELD), source_of(wire)
    if given is None:
        raise Refused("it is not signed")
    if source not in SERVICES:
        raise Refused("its source is no service")
    try:
        key, holder = verifying_key(str(given["key"]))
        value = base64.b64decode(given["value"], validate=True)
    except (KeyError, TypeError, ValueError):
        raise Refused("its signature is of an unknown key, or unreadable") from None
    if holder not in {holders.courier(source), holders.OFFICE}:
        raise Refused(f"it is signed by {holder}, which does not speak for {source}")
    try:
        key.verify(value, _signed(wire))
        return from_wire(wire)
    except InvalidSignature:
        raise Refused("it is not what was signed") from None
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise Refused("it is no batch") from None


def source_of(wire: Any) -> str:
    """The source that a batch claims to be of."""
    return str(wire.get("source", "")).strip("/") if isinstance(wire, Mapping) else ""
