"""One hash for all that a service knows, for comparing two histories."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from sqlalchemy import Executable

from shared import jsontext
from shared.canonical import canonical
from shared.db import Session


def hash_of(session: Session, parts: Sequence[Executable]) -> str:
    """SHA-256 (hex) over the rows of ordered selects, decimals normalised and times in UTC."""
    digest = hashlib.sha256()
    for number, part in enumerate(parts):
        for row in session.execute(part):
            values = {str(index): canonical(value) for index, value in enumerate(row)}
            digest.update(f"{number}:{jsontext.dumps(values, sort_keys=True)}\n".encode())
    return digest.hexdigest()
