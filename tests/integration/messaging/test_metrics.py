"""What a scrape tells, what docs/metrics.md says of it, and what the alerts ask for, are the same."""

from __future__ import annotations

import re
import tomllib

import yaml  # type: ignore[import-untyped]
from prometheus_client.parser import text_string_to_metric_families

import shared
from shared.http import metrics
from shared.local.home import ROOT
from tests.integration.messaging.plane import Plane

_ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([\w, ]+) \| (.+?) \| ([\w, ]*) \|$", re.MULTILINE)


def _page() -> list[tuple[str, ...]]:
    return _ROW.findall((ROOT / "docs/metrics.md").read_text(encoding="utf-8"))


def test_a_scrape_tells_just_what_the_page_lists(plane: Plane) -> None:
    client = plane.app("inventory").test_client()
    client.get("/inventory/healthz")
    families = list(text_string_to_metric_families(client.get("/inventory/metrics").text))
    told = {
        (f"{one.name}_total" if one.type == "counter" else one.name, one.type, one.documentation) for one in families
    }
    told = {one for one in told if not one[0].endswith("_created")}
    assert told == {(name, type, meaning) for name, type, _, meaning, _ in _page()}
    labels = {name: {*labels.split(", ")} for name, _, labels, _, _ in _page()}
    for one in families:
        for sample in one.samples:
            if not one.name.endswith("_created"):
                name = f"{one.name}_total" if one.type == "counter" else one.name
                assert set(sample.labels) - {"le"} == labels[name], sample


def test_the_page_names_the_alerts_that_use_each_figure() -> None:
    (group,) = yaml.safe_load((ROOT / "docs/alerts.yml").read_text(encoding="utf-8"))["groups"]
    asked = {(name, rule["alert"]) for rule in group["rules"] for name in re.findall(r"\blapak_[a-z_]+", rule["expr"])}
    assert asked == {(name, alert) for name, *_, alerts in _page() for alert in alerts.split(", ") if alert}
    assert {name for name, _ in asked} <= {one.name for one in metrics.catalogue()}


def test_the_version_that_is_told_is_the_project_s() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["version"] == shared.VERSION
