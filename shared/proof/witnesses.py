"""Telling others of the last seal, and keeping what others told: one for each minute in which there were new ones."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from marshmallow import Schema, fields, validate
from sqlalchemy import text

from shared.db import Session
from shared.fields import WholeNumber

_LAST = text("SELECT number, hi, chain FROM seal ORDER BY number DESC LIMIT 1")
_KEEP = text("""
    INSERT INTO witness AS w (source, epoch, minute, seal, seq, chain)
    SELECT CAST(:source AS text), CAST(:epoch AS uuid), date_trunc('minute', now()), CAST(:number AS bigint),
           CAST(:sequence AS bigint), CAST(:chain AS bytea)
     WHERE CAST(:number AS bigint) > coalesce((
        SELECT seal FROM witness WHERE source = CAST(:source AS text) AND epoch = CAST(:epoch AS uuid)
         ORDER BY minute DESC LIMIT 1), 0)
    ON CONFLICT (source, epoch, minute) DO UPDATE
       SET seal = excluded.seal, seq = excluded.seq, chain = excluded.chain WHERE w.seal < excluded.seal
""")


class SealSchema(Schema):
    """The last link of the chain of hashes over a log: its number, the sequence it reaches to, its hash in hex."""

    number = WholeNumber(low=1, high=2**62, required=True)
    sequence = WholeNumber(low=0, high=2**62, required=True)
    chain = fields.String(required=True, validate=validate.Regexp("^[0-9a-f]{64}$"))


def last_seal(session: Session) -> dict[str, Any] | None:
    """This service's last seal, as others are told of it."""
    row = session.execute(_LAST).first()
    return {"number": row.number, "sequence": row.hi, "chain": row.chain.hex()} if row else None


def keep(session: Session, source: str, epoch: UUID, seal: Any) -> None:
    """Keep what a source says of its last seal; none (of a source of an older release) is passed over."""
    if isinstance(seal, dict) and not SealSchema().validate(seal):
        values = {"number": seal["number"], "sequence": seal["sequence"], "chain": bytes.fromhex(seal["chain"])}
        session.execute(_KEEP, values | {"source": source, "epoch": epoch})
