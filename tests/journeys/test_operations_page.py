"""Each `./lapak …` of docs/operations.md is run as it stands there, in the order of the page, on a real system."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from shared.cli.__main__ import COMMANDS
from shared.clock import now
from shared.local import state
from shared.local.environment import local_environment
from shared.local.home import ROOT, Home, read_json
from tests.runbook import PAGE, blocks, sections
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.journey

#: What other tests run: `lapak chaos` takes minutes, and one seed of it is tests/chaos/test_chaos.py; jq is not ours.
ELSEWHERE = ("./lapak chaos", "jq ")
#: Commands for containers: tests/compose/test_runbook.py.
CONTAINERS = ("docker ", "deploy/")

_LETTER = """
    INSERT INTO dead_letter (source, epoch, seq, event, error, fingerprint)
    VALUES ('sales', gen_random_uuid(), %s, %s, 'ValueError', 'feedfacefeedface')
"""


@dataclass
class Desk:
    """An operator at a checkout whose home is elsewhere."""

    home: Home
    backups: Path
    said: dict[str, str] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What the shell has set."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("LAPAK_")}
        return own | {"LAPAK_HOME": str(self.home.root)}

    def run(self, line: str) -> None:
        """A line of the page; it must exit with 0."""
        words = [self._known(word) for word in shlex.split(line)]
        if words == ["./lapak", "up"]:
            self._stay(words)
            return
        done = subprocess.run(
            words,
            cwd=ROOT,
            env=self.environment,
            input="y\n",
            capture_output=True,
            text=True,
            timeout=3 * PATIENCE,
            check=False,
        )
        assert done.returncode == 0, (line, done.stdout[-2000:], done.stderr[-2000:])
        self.said[line] = done.stdout

    def _stay(self, words: list[str]) -> None:
        """In the foreground, until somebody stops it."""
        how = {"cwd": ROOT, "env": self.environment, "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL}
        self.started.append(subprocess.Popen(words, stderr=subprocess.DEVNULL, text=True, **how))  # type: ignore[call-overload]
        until("it is up", lambda: state.load(self.home).get("ready"))

    def _known(self, word: str) -> str:
        """What stands for a name that is only known here."""
        if word.startswith("backups/"):
            newest = max((path.name for path in self.backups.glob("lapak-*")), default="")
            return f"{self.backups}/{newest if '2026' in word else ''}"
        names = {"SERVICE": "inventory", "TIME": now().isoformat(), "LETTER": self.said.get("letter", "")}
        if word in {"ID", "OLD-ID"}:
            return self._key("sales-web" if word == "ID" or "identity" not in "".join(self.said) else "identity")
        return names.get(word, word)

    def _key(self, kind: str) -> str:
        """The last key of a kind that does not work: the new one, until it is used, and then the old one."""
        run = ["./lapak", "keys", "list"]
        listed = subprocess.run(run, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=True).stdout
        rows = [line.split(maxsplit=2) for line in listed.splitlines()]
        return next(row[1] for row in rows if row[0] == kind and row[2] != "works")

    def fail_an_event(self, number: int) -> None:
        """A dead letter of inventory whose cause was mended since."""
        data = {"outlet": f"OUT-X-{number}", "version": 1, "name": "X", "kind": "permanent"}
        event = {
            "specversion": "1.0", "id": str(uuid4()), "source": "/sales", "type": "lapak.sales.OutletOpened.v1",
            "subject": "OUT-X", "time": "2026-01-05T00:00:00Z", "sequence": 10**9 + number, "traceparent": None,
            "datacontenttype": "application/json", "data": data | {"opens_on": None, "closes_on": None},
        }  # fmt: skip
        found = local_environment(self.home, read_json(self.home.run / "ports.json"))
        with psycopg.connect(found["LAPAK_INVENTORY_DATABASE_URL"]) as connection:
            connection.execute(_LETTER, (10**9 + number, json.dumps(event)))
        self.said["letter"] = event["id"]  # type: ignore[assignment]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """Nothing runs yet; nothing does at the end."""
    folder = tmp_path_factory.mktemp("page").resolve()
    found = Desk(Home(folder / "home").create(), folder / "backups")
    yield found
    subprocess.run(["./lapak", "down"], cwd=ROOT, env=found.environment, check=False, capture_output=True)
    for process in found.started:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)
    if found.home.servers != found.home.root:
        subprocess.run(["rm", "-rf", str(found.home.servers)], check=True)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_each_command_of_the_page(desk: Desk) -> None:
    run = 0
    for heading in sections():
        lines = [line for line in blocks(heading) if line.startswith("./lapak") and not line.startswith(ELSEWHERE)]
        for line in lines:
            if "dead-letters" in line:
                desk.fail_an_event(run)
            desk.run(line)
            run += 1
        if heading == "On one machine, without docker":
            assert not state.is_held(desk.home), "the section ends with `down`"
            desk.run("./lapak up -d")
            desk.run("./lapak demo")
    assert run > 25


def test_the_page_names_no_command_that_is_not_run() -> None:
    """Lines of other kinds, and commands within the text."""
    for heading in sections():
        for line in blocks(heading):
            assert line.startswith(("./lapak ", *ELSEWHERE, *CONTAINERS)), f"{heading}: who runs {line}?"
    tests = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
    for name in set(re.findall(r"`(?:\./)?lapak ([a-z][a-z-]+)", PAGE.read_text(encoding="utf-8"))):
        assert name in COMMANDS, name
        assert f'"{name}"' in tests or f"import {name.replace('-', '_')}" in tests, f"nothing runs lapak {name}"
