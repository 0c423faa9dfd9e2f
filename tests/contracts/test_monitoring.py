"""What Prometheus and Grafana are given: rules that fire when they should, and a dashboard of figures that exist."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from shared.local.home import ROOT

MONITORING = ROOT / "deploy" / "monitoring"
#: What Prometheus itself tells of what it asks.
ITS_OWN = {"up"}


@pytest.fixture
def promtool() -> str:
    """Debian's promtool; without it the test is skipped, and says so."""
    found = shutil.which("promtool")
    if found is None:
        pytest.skip("NOT RUN: promtool is not here (Debian: apt install prometheus)")
    return found


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_each_alert_comes_when_it_should_and_not_before(promtool: str) -> None:
    assert "SUCCESS" in _said(promtool, "test", "rules", str(MONITORING / "alerts_test.yml"))


def test_each_alert_is_tried() -> None:
    (group,) = yaml.safe_load((ROOT / "docs" / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    tried = set(re.findall(r"Lapak[A-Za-z]+", (MONITORING / "alerts_test.yml").read_text(encoding="utf-8")))
    assert {rule["alert"] for rule in group["rules"]} <= tried


def test_prometheus_takes_its_configuration(promtool: str, tmp_path: Path) -> None:
    """As the compose file puts it together."""
    shutil.copy(MONITORING / "prometheus.yml", tmp_path)
    shutil.copy(ROOT / "docs" / "alerts.yml", tmp_path)
    assert "13 rules found" in _said(promtool, "check", "config", str(tmp_path / "prometheus.yml"))


def test_the_dashboard_shows_figures_that_exist() -> None:
    dashboard = json.loads((MONITORING / "dashboard.json").read_text(encoding="utf-8"))
    documented = set(re.findall(r"`(lapak_\w+)`", (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")))
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(asked) > 10
    for expression in asked:
        for name in re.findall(r"\b(lapak_\w+|up)\b", expression):
            assert name.removesuffix("_bucket") in documented | ITS_OWN, expression
    assert all(panel["title"] and panel["description"] for panel in dashboard["panels"])
