"""The services against each other, each against its own log: what an event says has taken effect, and no more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.system.verify.findings import Check
from services.system.verify.heads import Aside
from services.system.verify.snapshots import View
from services.system.verify.sums import Difference, Side, compare, compare_news

#: The events that a consumer has received by the look at it, less those that are dead or parked there.
_RECEIVED = """
    SELECT type, subject, data FROM event_log
     WHERE type = ANY(:types) AND seq > :after AND CAST(:got AS int8multirange) @> seq
       AND event_id <> ALL(CAST(:aside AS uuid[]))
"""
#: Those that a service has announced itself, also what is not in its log yet.
_ANNOUNCED = """
    SELECT type, subject, data FROM event_log WHERE type = ANY(:types) AND seq > :after
    UNION ALL SELECT type, subject, data FROM outbox WHERE type = ANY(:types)
"""
_GOT = """
    SELECT c.types, c.got::text AS got FROM cursor c JOIN source_state s USING (source, epoch) WHERE c.source = :source
"""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What events say (`told`: a select of k, v from `e`) against the rows that the holder has (`found`).

    `whole`: rows follow from all the events of their key; those since a mark are not enough.
    """

    name: str
    source: str
    events: tuple[str, ...]
    holder: str
    told: str
    found: str
    whole: bool = False

    @property
    def types(self) -> list[str]:
        """The names of its events on the wire."""
        return [f"lapak.{self.source}.{event}.v1" for event in self.events]


def check_effects(view: View, one: Comparison, aside: Mapping[str, Aside], after: int | None) -> Check:
    """One comparison, both ways; `after`: of the events after a sequence, and of what is there under their keys."""
    check = Check(one.name)
    own = one.holder == one.source
    news = after is not None and not one.whole
    since = after if news and after is not None else 0
    if own:
        events, values = announced(one.types, since)
    else:
        events, values = received(view, one.holder, one.source, one.types, aside, since)
        apart = [event for event in aside.get(one.holder, {}).values() if event.type in one.types]
        check.explained += [f"{_short(event.type)} {event.subject}: {event.why}" for event in apart]
    told = one.told.format(e=events)
    ask = view.source if own else view.holder
    check.compared, differences, unread = (compare_news if news else compare)(
        Side(lambda statement, **given: view.source(one.source, statement, **given), told, values),
        Side(lambda statement, **given: ask(one.holder, statement, **given), one.found, {}),
    )
    for difference in differences:
        check.differ(f"{'/'.join(one.events)} {_words(difference)}")
    if unread:
        check.differ(f"{'/'.join(one.events)}: and more, in {unread} other parts")
    return check


def announced(types: Sequence[str], after: int = 0) -> tuple[str, dict[str, Any]]:
    """The events of these types that a source has announced: a select on it, and its values."""
    return _ANNOUNCED, {"types": list(types), "after": after}


def received(
    view: View, holder: str, source: str, types: Sequence[str], aside: Mapping[str, Aside], after: int = 0
) -> tuple[str, dict[str, Any]]:
    """Those that a holder has received, less those that are dead or parked there: a select on the source."""
    apart = [event.id for event in aside.get(holder, {}).values() if event.type in types]
    values = {"types": list(types), "after": after, "got": _got(view, holder, source, types), "aside": apart}
    return _RECEIVED, values


def _got(view: View, holder: str, source: str, types: Sequence[str]) -> str:
    """What the holder has received of these events: of several cursors what all of them have."""
    rows = view.holder(holder, _GOT, source=source)
    found = [row.got for row in rows if set(row.types) & set(types)]
    if len(found) == 1:
        return str(found[0])
    parts = " * ".join(f"'{got}'::int8multirange" for got in found) or "'{}'::int8multirange"
    return str(view.holder(holder, f"SELECT ({parts})::text AS got")[0].got)


def _short(type_name: str) -> str:
    return type_name.split(".")[2]


def _words(one: Difference) -> str:
    told, found = (value.replace("|", " ") if value is not None else "nothing" for value in (one.told, one.found))
    return f"{one.key}: announced {told}, found {found}"
