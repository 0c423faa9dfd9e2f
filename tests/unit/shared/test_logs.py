"""Lines on standard error: one JSON object each, whatever is told, also when many threads tell at the same moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest

from shared.local.home import ROOT

_MANY = """
import threading
from shared.telemetry import logger, setup
setup("sales", "web")
def tell(number):
    for turn in range(200):
        logger("many").info("told", number=number, turn=turn, long="x" * 1000)
threads = [threading.Thread(target=tell, args=(number,)) for number in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""
_ONE = """
import logging
from shared.telemetry import logger, setup
setup("sales", "web")
try:
    1 / 0
except ZeroDivisionError:
    logger("one").warning("told", exc_info=True, **{values})
logging.getLogger("library").warning("told by %s", "a library")
"""


def _told(program: str, place: int) -> None:
    command, environment = [sys.executable, "-c", program], os.environ | {"LAPAK_LOG_FORMAT": "json"}
    subprocess.run(command, cwd=ROOT, env=environment, stderr=place, check=True, timeout=120)


@pytest.mark.parametrize("kind", ["file", "pipe"])
def test_lines_of_many_threads_are_never_mixed(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "log"
    if kind == "file":
        with path.open("ab") as file:
            _told(_MANY, file.fileno())
        text = path.read_bytes()
    else:
        reading, writing = os.pipe()
        parts: list[bytes] = []
        reader = threading.Thread(target=lambda: parts.extend(iter(lambda: os.read(reading, 65_536), b"")))
        reader.start()
        _told(_MANY, writing)
        os.close(writing)
        reader.join()
        os.close(reading)
        text = b"".join(parts)
    lines = [json.loads(line) for line in text.splitlines()]
    assert sorted((line["number"], line["turn"]) for line in lines) == [(n, t) for n in range(8) for t in range(200)]


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (Decimal("1.50"), "1.50"),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (datetime(2026, 3, 1, tzinfo=UTC), "2026-03-01T00:00:00Z"),
        (2**80, 2**80),
        ("a name \udcff of no encoding", "a name \udcff of no encoding"),
        (Path("folder"), repr(Path("folder"))),
        ("two\nlines \u2028", "two\nlines \u2028"),
    ],
)
def test_whatever_is_told_is_one_line(tmp_path: Path, value: object, told: object) -> None:
    path = tmp_path / "log"
    imports = "from decimal import Decimal\nfrom uuid import UUID\nfrom pathlib import *\nimport datetime\n"
    with path.open("ab") as file:
        _told(imports + _ONE.format(values=ascii({"value": value})), file.fileno())
    ours, theirs = (json.loads(line) for line in path.read_bytes().split(b"\n")[:-1])
    assert (ours["event"], ours["value"], ours["level"], ours["service"]) == ("told", told, "warning", "sales")
    assert "ZeroDivisionError" in ours["exception"]
    assert (theirs["event"], theirs["logger"]) == ("told by a library", "library")
