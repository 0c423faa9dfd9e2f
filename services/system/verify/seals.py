"""The chain of seals over each log: recomputed, and held against the seals that others were told of."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from services.system.verify.findings import Check
from services.system.verify.snapshots import View
from shared.events.subscribers import consumers_of
from shared.proof.sealing import CONTENT, POSTED

_KEYS = 100  # of one posting, named
PART = 2000  # seals recomputed at a time
_LAST = "SELECT coalesce(max(number), 0) FROM seal"
# Each seal over the chain that is stored before it: whoever changes one row is named, and not all who came after.
_WRONG = f"""
    WITH held AS (
        SELECT number, lo, hi, sealed_at, chain, events, postings,
               lag(chain, 1, :chain) OVER w AS before, lag(number, 1, :number) OVER w AS previous,
               lag(hi, 1, :hi) OVER w AS ended
          FROM seal WHERE number > :number AND number <= :number + {PART} WINDOW w AS (ORDER BY number)
    )
    SELECT h.number, h.lo, h.hi, h.previous, h.ended, h.events, h.postings,
           heads(e.digests) AS events_now, heads(p.digests) AS postings_now, h.before IS NULL AS unlinked
      FROM held h
      CROSS JOIN LATERAL ({CONTENT.format(lo="h.lo", hi="h.hi")}) AS e (digests)
      CROSS JOIN LATERAL ({POSTED.format(number="h.number")}) AS p (digests)
     WHERE h.chain <> sha256(h.before || link(h.number, h.lo, h.hi, h.sealed_at, e.digests, p.digests))
        OR h.events <> heads(e.digests) OR h.postings <> heads(p.digests)
        OR h.number <> h.previous + 1 OR h.lo <> h.ended
     ORDER BY h.number
"""
_POSTED_WITH = "SELECT table_name, keys FROM posted WHERE seal = :number ORDER BY id"
_AT = "SELECT number, hi, chain FROM seal WHERE number <= :number ORDER BY number DESC LIMIT 1"
_WITNESSES = "SELECT epoch, seal, seq, chain FROM witness WHERE source = :source ORDER BY seal"
_SEALS = "SELECT number, chain FROM seal WHERE number = ANY(:numbers)"
_EPOCHS = "SELECT epoch, NULL AS sealed FROM stream UNION ALL SELECT epoch, coalesce(sealed, 0) FROM ancestor"


def parts(view: View, service: str, *, after: int = 0) -> list[int]:
    """Where the parts of the chain begin that are recomputed one by one."""
    last: int = view.source(service, _LAST)[0][0]
    return list(range(after, last, PART)) or [after]


def check_chain(view: View, service: str, after: int) -> Check:
    """The seals from `after` on, as many as a part has."""
    check = Check(f"{service}: the log as it was sealed")
    before = view.source(service, _AT, number=after)
    number, hi, chain = before[0] if before else (0, 0, b"")
    values = {"number": after, "hi": hi, "chain": chain}
    if number != after:
        check.differ(f"seal {after} is gone")
    check.compared = view.source(
        service,
        "SELECT coalesce(sum(hi - lo), 0) FROM seal WHERE number > :a AND number <= :b",
        a=after,
        b=after + PART,
    )[0][0]
    for row in view.source(service, _WRONG, **values):
        for what in (*_named(row), *_posted_with(view, service, row)):
            check.differ(what)
    return check


def _named(row: Any) -> list[str]:
    if row.number != row.previous + 1:
        return [f"seal {number} is gone" for number in range(row.previous + 1, row.number)][:20]
    if row.lo != row.ended:
        return [f"seal {row.number}: begins at sequence {row.lo + 1}, the one before ended at {row.ended}"]
    events = _changed(row.events, row.events_now)
    if len(row.events) != len(row.events_now):
        return [f"sequences {row.lo + 1} to {row.hi} (seal {row.number}): some are gone or were put in"]
    named = [f"sequence {row.lo + 1 + at} is not as it was sealed (seal {row.number})" for at in events]
    if row.postings != row.postings_now:
        named.append(f"what was posted with seal {row.number} is not as it was sealed")
    return named or [f"seal {row.number} does not follow from the one before"]


def _posted_with(view: View, service: str, row: Any) -> Iterator[str]:
    """The rows of which something else was posted with a seal than is there now."""
    if len(row.postings) != len(row.postings_now) or row.postings == row.postings_now:
        return
    posted = view.source(service, _POSTED_WITH, number=row.number)
    for at in _changed(row.postings, row.postings_now):
        keys = posted[at].keys
        more = f" and {len(keys) - _KEYS} more" if len(keys) > _KEYS else ""
        names = ", ".join(key or "-" for key in keys[:_KEYS])
        yield f"{posted[at].table_name} {names}{more}: posted otherwise than it was sealed (seal {row.number})"


def _changed(one: bytes, other: bytes) -> list[int]:
    return [at // 8 for at in range(0, max(len(one), len(other)), 8) if one[at : at + 8] != other[at : at + 8]]


def check_witnesses(view: View, service: str) -> Check:
    """What the others were told of this log's seals, against the seals that it has.

    Of an epoch that the log has left only what it shares with the present one can be held against it.
    """
    check = Check(f"{service}: sealed as the others were told")
    epochs: dict[UUID, int | None] = {row.epoch: row.sealed for row in view.source(service, _EPOCHS)}
    for consumer in consumers_of(service):
        told = view.holder(consumer, _WITNESSES, source=service)
        check.compared += len(told)
        seals = dict(map(tuple, view.source(service, _SEALS, numbers=[row.seal for row in told])))
        released = 0
        for row in told:
            who = f"{consumer} was told of seal {row.seal} at sequence {row.seq}"
            if row.epoch not in epochs:
                check.differ(f"{who}, in an epoch that this log does not come from")
            elif (shared := epochs[row.epoch]) is not None and row.seal > shared:
                released += 1
            elif row.seal not in seals:
                check.differ(f"{who}; it is gone")
            elif bytes(seals[row.seal]) != bytes(row.chain):
                check.differ(f"{who}; now it is another")
        if released:
            check.explained.append(f"{consumer} was told of {released} seals of an epoch that was left after a restore")
    return check
