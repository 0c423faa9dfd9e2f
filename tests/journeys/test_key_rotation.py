"""Keys are rotated while Lapak runs: nothing is refused on the way, and what was dropped is worth nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.local.home import COMMAND_LINE, ROOT, Home, free_port, read_json

pytestmark = pytest.mark.journey


@dataclass(frozen=True)
class Local:
    """A Lapak whose keys lie in its home, as `./lapak up` makes them."""

    home: Path
    port: int

    def run(self, *arguments: str, code: int = 0) -> str:
        """What a command prints."""
        own = {name: value for name, value in os.environ.items() if not name.startswith("LAPAK_")}
        done = subprocess.run(
            [*COMMAND_LINE, *arguments], cwd=ROOT, env=own | {"LAPAK_HOME": str(self.home)},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == code, (arguments, done.stdout, done.stderr)
        return done.stdout + done.stderr

    def token(self, role: str, *scope: str) -> str:
        """A new token, of the key that signs now."""
        return self.run("token", "--role", role, *scope).splitlines()[0]

    def ask(self, token: str, path: str, method: str = "GET", **body: Any) -> httpx.Response:
        """A request with this token."""
        headers = {"Authorization": f"Bearer {token}"}
        url = f"http://127.0.0.1:{self.port}{path}"
        return httpx.request(method, url, headers=headers, json=body or None, trust_env=False, timeout=30)

    def ids(self, kind: str) -> dict[str, bool]:
        """Whether each key works, by its id."""
        rows = [line.split(maxsplit=2) for line in self.run("keys", "list").splitlines()]
        return {row[1]: row[2] == "works" for row in rows if row[0] == kind}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Local]:
    """Up, and down at the end."""
    home = Home((tmp_path_factory.mktemp("keys") / "home").resolve()).create()
    found = Local(home.root, free_port())
    found.run("up", "-d", "--port", str(found.port))
    assert read_json(home.run / "ports.json")["web"] == found.port
    yield found
    found.run("down")
    if home.servers != home.root:
        subprocess.run(["rm", "-rf", str(home.servers)], check=True)


@pytest.mark.timeout(300)
def test_the_key_of_tokens(local: Local) -> None:
    old = local.token("city")
    (first,) = local.ids("token")
    second = local.run("keys", "add", "token").splitlines()[0]
    assert local.ids("token") == {first: True, second: False}
    local.run("restart")
    local.run("keys", "use", second)
    assert local.ids("token") == {first: False, second: True}
    new = local.token("city")
    assert [local.ask(token, "/sales/v1/outlets").status_code for token in (old, new)] == [200, 200]
    local.run("restart")
    assert local.ask(old, "/sales/v1/outlets").status_code == 200
    assert "is the one that works" in local.run("keys", "drop", second, code=2)
    local.run("keys", "drop", first)
    local.run("restart", "web")
    assert [local.ask(token, "/sales/v1/outlets").status_code for token in (old, new)] == [401, 200]
    assert local.run("verify")
    assert "no key" in local.run("keys", "use", first, code=2)


@pytest.mark.timeout(300)
def test_the_key_of_names(local: Local) -> None:
    instructor = local.token("instructor")
    made = local.ask(instructor, "/training/v1/residents", "POST", name="Siti Aminah").json()
    refs = [made["worker_ref"]] + [
        local.ask(instructor, "/training/v1/residents", "POST", name=f"Nama {number}").json()["worker_ref"]
        for number in range(3)
    ]

    def name() -> Any:
        return local.ask(instructor, f"/training/v1/residents/{refs[0]}").json()["name"]

    (first,) = local.ids("identity")
    second = local.run("keys", "add", "identity").splitlines()[0]
    assert local.ids("identity") == {second: True, first: False}
    assert name() == "Siti Aminah"
    local.run("restart", "web")
    assert name() == "Siti Aminah"
    assert "4 names can be read with this key alone" in local.run("keys", "drop", first, code=2)
    assert "4 names were encrypted anew" in local.run("keys", "renew-names")
    assert "0 names were encrypted anew" in local.run("keys", "renew-names")
    local.run("keys", "drop", first)
    local.run("restart", "web")
    assert name() == "Siti Aminah"
    assert local.ids("identity") == {second: True}
    assert "one that works" in local.run("keys", "drop", second, code=2)


def test_keys_of_the_environment_are_not_ours(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "LAPAK_HOME": str(tmp_path), "LAPAK_TOKEN_PRIVATE_KEY": "{}"}
    environment["HOME"] = os.environ.get("HOME", "/")
    run = [*COMMAND_LINE, "keys", "list"]
    done = subprocess.run(run, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, "come from the environment" in done.stderr) == (2, True)


def test_a_folder_without_keys_is_named(local: Local, tmp_path: Path) -> None:
    assert f"no keys in {tmp_path}" in local.run("keys", "--folder", str(tmp_path), "list", code=2)
