"""What the operator's console calls wrong is what Prometheus is told to call wrong, by the same figures."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from shared.alarms import RULES, Alarm, add_what_sources_say, alarms, flows
from shared.events.subscribers import consumers_of, sources_of

DOCS = Path(__file__).resolve().parents[3] / "docs"
NAMES = ("training", "inventory", "sales")
WORKER = {"kind": "worker", "host": "h", "pid": 7, "since": "", "leads": False, "quiet_seconds": 1.0}


def _source(name: str, **changes: Any) -> dict[str, Any]:
    calm = {"source": name, "head": 9, "position": 9, "lag_events": 0, "lag_seconds": 0.0, "unseen_seconds": 0.5}
    return calm | {"halted": False, "halted_because": None, "dead": 0, "parked": 0, "parked_seconds": 0.0} | changes


def _answer(service: str, *sources: dict[str, Any], **changes: Any) -> dict[str, Any]:
    calm = {"service": service, "log_head": 9, "outbox_depth": 0, "outbox_seconds": 0.0, "relay_leads": True}
    other = {"queue": 0, "processes": [WORKER]}
    told = {one["source"]: one for one in sources}
    return calm | other | {"sources": [told.get(name, _source(name)) for name in sources_of(service)]} | changes


def _plane(*changed: dict[str, Any]) -> list[dict[str, Any]]:
    told = {one["service"]: one for one in changed}
    return [told.get(name, _answer(name)) for name in NAMES]


def test_names_severities_headings_and_limits_are_those_of_the_alert_rules() -> None:
    (group,) = yaml.safe_load((DOCS / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    rules = {rule["alert"]: rule for rule in group["rules"]}
    shared = [name for name in RULES if name.startswith("Lapak")]
    assert set(shared) <= rules.keys()
    for name in shared:
        rule, mine = rules[name], RULES[name]
        assert rule["labels"]["severity"] == mine.severity, name
        assert rule["annotations"]["runbook_url"] == f"operations.md#{mine.runbook}", name
        limit = re.search(r"> (\d+)", rule["expr"])
        assert (float(limit[1]) if limit else 0) == mine.limit, name


def test_every_heading_stands_in_the_runbook() -> None:
    text = (DOCS / "operations.md").read_text(encoding="utf-8")
    anchors = {heading.lower().replace(" ", "-") for heading in re.findall(r"^### (.+)$", text, re.MULTILINE)}
    assert {rule.runbook for rule in RULES.values()} <= anchors


def test_all_is_well() -> None:
    assert alarms(_plane()) == []
    pairs = {(flow.source, flow.consumer) for flow in flows(_plane())}
    assert pairs == {(source, consumer) for source in NAMES for consumer in consumers_of(source)}
    assert {flow.state for flow in flows(_plane())} == {"calm"}


BEHIND = {"position": 2, "lag_events": 7}
NEVER_HEARD_OF = dict.fromkeys(("head", "position", "lag_events", "lag_seconds", "unseen_seconds"))


@pytest.mark.parametrize(
    ("changes", "state", "name"),
    [
        (BEHIND | {"lag_seconds": 5.0}, "calm", None),
        (BEHIND | {"lag_seconds": 6.0}, "behind", "BehindForNow"),
        (BEHIND | {"lag_seconds": 60.0}, "behind", "BehindForNow"),
        (BEHIND | {"lag_seconds": 61.0}, "late", "LapakConsumerBehind"),
        ({"lag_seconds": 99.0}, "calm", None),
        ({"halted": True, "halted_because": "why"}, "halted", "LapakConsumerHalted"),
        ({"unseen_seconds": 61.0}, "unknown", "LapakSourceUnseen"),
        ({"dead": 3}, "calm", "LapakDeadLetters"),
        ({"parked": 2, "parked_seconds": 900.0}, "calm", None),
        ({"parked": 2, "parked_seconds": 901.0}, "calm", "LapakParkedLong"),
        (NEVER_HEARD_OF, "unknown", None),
    ],
)  # fmt: skip
def test_how_a_consumer_stands_with_a_source(changes: dict[str, Any], state: str, name: str | None) -> None:
    found = _plane(_answer("inventory", _source("sales", **changes)))
    states = {(flow.source, flow.consumer): flow.state for flow in flows(found)}
    assert states.pop(("sales", "inventory")) == state
    assert set(states.values()) == {"calm"}
    assert [(one.name, one.service, one.source) for one in alarms(found)] == (
        [(name, "inventory", "sales")] if name else []
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"relay_leads": False, "outbox_depth": 4}, Alarm("LapakRelayWithoutLeader", "sales", count=4)),
        ({"outbox_depth": 4, "outbox_seconds": 31.0}, Alarm("LapakOutboxOld", "sales", count=4, seconds=31.0)),
        ({"outbox_depth": 4, "outbox_seconds": 30.0}, None),
        ({"queue": None}, Alarm("RedisAway", "sales")),
        ({"processes": []}, Alarm("NoWorker", "sales")),
        (
            {"processes": [WORKER | {"quiet_seconds": 11.0}]},
            Alarm("ProcessQuiet", "sales", seconds=11.0, what="worker h:7"),
        ),
    ],
)
def test_what_is_wrong_with_a_service(changes: dict[str, Any], expected: Alarm | None) -> None:
    assert alarms(_plane(_answer("sales", **changes))) == ([expected] if expected else [])


def test_who_does_not_answer_hides_nobody_and_the_gravest_stands_first() -> None:
    silent = {"service": "training", "error": "ConnectError"}
    found = _plane(silent, _answer("sales", _source("inventory", dead=1)))
    assert [one.name for one in alarms(found)] == ["LapakNoFigures", "LapakDeadLetters"]
    unknown = {(flow.source, flow.consumer) for flow in flows(found) if flow.state == "unknown"}
    assert unknown == {("inventory", "training"), ("sales", "training")}


def test_a_version_from_before_there_were_processes_is_no_alarm() -> None:
    old = _answer("inventory")
    del old["processes"]
    assert alarms(_plane(old)) == []


def test_the_source_says_how_far_it_is_to_whoever_does_not_look() -> None:
    found = _plane(_answer("sales", log_head=21), _answer("inventory", _source("sales", unseen_seconds=40.0)))
    add_what_sources_say(found)
    (flow,) = [flow for flow in flows(found) if flow.state != "calm"]
    assert (flow.source, flow.consumer, flow.state, flow.events, flow.seconds) == (
        "sales",
        "inventory",
        "behind",
        12,
        40.0,
    )
