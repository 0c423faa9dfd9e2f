"""What the answers of the three `/{service}/events/status` say together: lag as the sources know it, and what is wrong.

A service that did not answer is `{"service", "error"}`. Names, severities, limits and runbook headings are those of
docs/alerts.yml where it has them (a test holds the two together); what Prometheus waits for is said here at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from shared.config import SERVICES
from shared.events.subscribers import consumers_of

Answer = dict[str, Any]
SEVERITIES = ("critical", "warning", "notice")


@dataclass(frozen=True, slots=True)
class Rule:
    """How grave an alarm is, which heading of docs/operations.md says what to do, beyond which figure it sounds."""

    severity: str
    runbook: str
    limit: float = 0


RULES: Final[dict[str, Rule]] = {
    "LapakNoFigures": Rule("critical", "no-figures"),
    "LapakRelayWithoutLeader": Rule("critical", "relay-without-leader"),
    "LapakOutboxOld": Rule("critical", "outbox-old", 30),
    "LapakConsumerHalted": Rule("critical", "consumer-halted"),
    "LapakBatchesRefused": Rule("critical", "batches-refused"),
    "LapakConsumerBehind": Rule("warning", "consumer-behind", 60),
    "LapakSourceUnseen": Rule("warning", "source-unseen", 60),
    "LapakDeadLetters": Rule("warning", "dead-letters"),
    "LapakParkedLong": Rule("warning", "parked-events", 900),
    # Not for Prometheus: what a person wants to know who looks just now.
    "NoWorker": Rule("warning", "consumer-behind"),
    "ProcessQuiet": Rule("warning", "process-quiet", 10),
    "RedisAway": Rule("warning", "messages-lost"),
    "BehindForNow": Rule("notice", "consumer-behind", 5),
}


#: For so long after a batch was refused it is an alarm.
REFUSED_SECONDS = 900.0


@dataclass(frozen=True, slots=True)
class Alarm:
    """One of RULES, and of whom: `count` events or letters, for `seconds`; `what` is a process or a reason.

    Where several services or sources are meant, their names stand together: `sales, training`.
    """

    name: str
    service: str
    source: str = ""
    count: int = 0
    seconds: float = 0
    what: str = ""

    @property
    def rule(self) -> Rule:
        """Its severity, runbook heading and limit."""
        return RULES[self.name]


@dataclass(frozen=True, slots=True)
class Flow:
    """How `consumer` stands with `source`: `calm`, `behind`, `late` (beyond the alarm's limit), `halted`, `unknown`."""

    source: str
    consumer: str
    state: str
    events: int = 0
    seconds: float = 0
    dead: int = 0
    parked: int = 0


def add_what_sources_say(found: Sequence[Answer]) -> None:
    """Take a source's head from its own answer: a consumer whose courier is down knows only of an older one."""
    heads = {one["service"]: one["log_head"] for one in found if "error" not in one}
    for one in (source for answer in found for source in answer.get("sources", ())):
        head = heads.get(one["source"], 0)
        if one["head"] is not None and head > one["head"]:
            if one["lag_events"] == 0:  # it was behind nothing when it last looked
                one["lag_seconds"] = one["unseen_seconds"]
            one["head"], one["lag_events"] = head, head - one["position"]


def flows(found: Sequence[Answer]) -> list[Flow]:
    """Each pair of a source and a service that listens to it, in the order of the services."""
    stands = {(one["source"], answer["service"]): one for answer in found for one in answer.get("sources", ())}
    pairs = [(source, consumer) for source in SERVICES for consumer in consumers_of(source)]
    return [_flow(source, consumer, stands.get((source, consumer))) for source, consumer in pairs]


def _flow(source: str, consumer: str, one: Answer | None) -> Flow:
    if one is None:
        return Flow(source, consumer, "unknown")
    aside = {"dead": one["dead"], "parked": one["parked"]}
    if one["head"] is None:
        return Flow(source, consumer, "unknown", **aside)
    events, seconds = one["lag_events"], one["lag_seconds"] if one["lag_events"] else 0
    state = "calm"
    if one["halted"]:
        state = "halted"
    elif seconds > RULES["LapakConsumerBehind"].limit:
        state = "late"
    elif seconds > RULES["BehindForNow"].limit:
        state = "behind"
    elif one["unseen_seconds"] > RULES["LapakSourceUnseen"].limit:
        state, seconds = "unknown", one["unseen_seconds"]
    return Flow(source, consumer, state, events, seconds, **aside)


def alarms(found: Sequence[Answer]) -> list[Alarm]:
    """What is wrong, the gravest first."""
    heard = [alarm for answer in found for alarm in _of_service(answer)]
    without_redis = [one["service"] for one in found if "error" not in one and one["queue"] is None]
    if without_redis:
        heard.append(Alarm("RedisAway", ", ".join(without_redis)))
    return sorted(heard, key=lambda alarm: SEVERITIES.index(alarm.rule.severity))


def _of_service(answer: Answer) -> Iterator[Alarm]:
    service = answer["service"]
    if "error" in answer:
        yield Alarm("LapakNoFigures", service, what=answer["error"])
        return
    depth, seconds = answer["outbox_depth"], answer["outbox_seconds"]
    if not answer["relay_leads"]:
        yield Alarm("LapakRelayWithoutLeader", service, count=depth, seconds=seconds)
    elif depth and seconds > RULES["LapakOutboxOld"].limit:
        yield Alarm("LapakOutboxOld", service, count=depth, seconds=seconds)
    known = answer.get("processes")  # None: a version from before there were any, while replicas are replaced
    if known is not None and not any(one["kind"] == "worker" for one in known):
        yield Alarm("NoWorker", service)
    for one in known or ():
        if one["quiet_seconds"] > RULES["ProcessQuiet"].limit:
            who = f"{one['kind']} {one['host']}:{one['pid']}"
            yield Alarm("ProcessQuiet", service, seconds=one["quiet_seconds"], what=who)
    unseen = [one for one in answer["sources"] if (one["unseen_seconds"] or 0) > RULES["LapakSourceUnseen"].limit]
    if unseen:
        longest = max(one["unseen_seconds"] for one in unseen)
        yield Alarm("LapakSourceUnseen", service, ", ".join(one["source"] for one in unseen), seconds=longest)
    for one in answer["sources"]:
        yield from _of_source(service, one)


def _of_source(service: str, one: Answer) -> Iterator[Alarm]:
    source, flow = one["source"], _flow(one["source"], service, one)
    if flow.state == "halted":
        yield Alarm("LapakConsumerHalted", service, source, what=one["halted_because"] or "")
    elif flow.state in {"late", "behind"}:
        name = "LapakConsumerBehind" if flow.state == "late" else "BehindForNow"
        yield Alarm(name, service, source, flow.events, flow.seconds)
    refused = one.get("refused_seconds")  # none: never, or a version from before batches were signed
    if refused is not None and refused <= REFUSED_SECONDS:
        yield Alarm("LapakBatchesRefused", service, source, one["refused"], refused, one["refused_because"])
    if one["dead"]:
        yield Alarm("LapakDeadLetters", service, source, one["dead"])
    if one["parked"] and one["parked_seconds"] > RULES["LapakParkedLong"].limit:
        yield Alarm("LapakParkedLong", service, source, one["parked"], one["parked_seconds"])
