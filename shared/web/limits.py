"""How often an address may guess at what is secret: pairing codes, lot numbers."""

from __future__ import annotations

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

#: Counts in the memory of each web process: several processes allow several times as much, which is still few.
limiter = Limiter(get_remote_address, storage_uri="memory://", headers_enabled=True)

#: Wrong codes only; fifty bits, gone after a quarter of an hour.
GUESSES = "10 per minute"

#: Public pages: enough for a stall full of buyers behind one address, too few to try codes.
LOOKS = "60 per minute"
