"""Files of unsent facts: what is not ours is refused with its place, and nothing is sent."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from shared.cli.import_unsent import import_unsent, sending
from shared.clock import now
from shared.jsontext import instant

GOOD = {"kind": "sale", "id": "1", "method": "POST", "path": "/sales/v1/registers/R/sales", "list": "sales", "body": {}}
FILE = {"lapak": "unsent", "version": 1, "role": "register", "outlet": "O", "register": "R", "entries": [GOOD]}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("not json", "Expecting value"),
        (json.dumps([]), "not a file of unsent facts"),
        (json.dumps(FILE | {"version": 2}), "not a file of unsent facts"),
        (json.dumps(FILE | {"role": "city"}), "names no device"),
        (json.dumps(FILE | {"entries": None}), "names no device"),
        (json.dumps(FILE | {"entries": [GOOD, 7]}), "entry 2: not an object"),
        (
            json.dumps(FILE | {"entries": [GOOD | {"path": "http://evil/sales/v1/x"}]}),
            "is no path of a service",
        ),
        (json.dumps(FILE | {"entries": [GOOD | {"path": "/sales/v1/../events"}]}), "is no path of a service"),
        (json.dumps(FILE | {"entries": [GOOD | {"method": "DELETE"}]}), "needs a method"),
        (json.dumps(FILE | {"entries": [GOOD | {"body": None}]}), "needs a method"),
    ],
)
def test_what_is_not_ours_is_refused_with_its_place(content: str, complaint: str, tmp_path: Path) -> None:
    file = tmp_path / "unsent.json"
    file.write_text(content)
    done = CliRunner().invoke(import_unsent, [str(file)])
    assert done.exit_code == 1
    assert complaint in done.output


def test_a_dry_run_says_what_is_in_the_file_and_sends_nothing(tmp_path: Path) -> None:
    file = tmp_path / "unsent.json"
    entries: list[dict[str, Any]] = [GOOD, GOOD | {"kind": "return"}, GOOD]
    file.write_text(json.dumps(FILE | {"entries": entries}))
    done = CliRunner().invoke(import_unsent, [str(file), "--dry-run"])
    assert done.exit_code == 0
    assert "sale: 2\nreturn: 1" in done.output


def test_what_the_devices_clocks_would_say_now_follows_from_what_they_said_in_the_file() -> None:
    """A page in 2019 that wrote its file a week ago."""
    written, wrong = now() - timedelta(days=7), timedelta(days=-2800)
    clock = {"told": instant(written + wrong), "at": instant(written), "run": "a-run", "ms": 5000}
    said = sending(clock)
    assert abs(datetime.fromisoformat(said["sent_at"]) - (now() + wrong)) < timedelta(seconds=10)
    assert said["sent_clock"]["run"] == "a-run"
    assert abs(said["sent_clock"]["ms"] - 5000 - 7 * 86_400_000) < 10_000


@pytest.mark.parametrize("clock", [None, {}, 7, {"told": "x", "at": "y", "run": "r", "ms": 1}])
def test_without_clocks_in_the_file_times_are_taken_as_they_are(clock: Any) -> None:
    said = sending(clock)
    assert set(said) == {"sent_at"}
    assert abs(datetime.fromisoformat(said["sent_at"]) - now()) < timedelta(seconds=10)
