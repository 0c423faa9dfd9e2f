"""Keys are rotated while Lapak runs: nothing is refused on the way, and what was dropped is worth nothing."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from shared.local import keyring, keys
from shared.local.home import COMMAND_LINE, ROOT, Home, free_port, read_json
from tests.waiting import PATIENCE

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
            capture_output=True, text=True, timeout=2 * PATIENCE, check=False,
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
        return httpx.request(method, url, headers=headers, json=body or None, trust_env=False, timeout=PATIENCE)

    def ids(self, kind: str) -> dict[str, bool]:
        """Whether each key works, by its id."""
        rows = [line.split(maxsplit=2) for line in self.run("keys", "list").splitlines()]
        return {row[1]: row[2] == "works" for row in rows if row[0] == kind}

    def paired(self) -> str:
        """The token of a register that was let in by a code, and so signed by sales' web."""
        code = self.run("pair", "--register", "OUT-1-1", "--outlet", "OUT-1").splitlines()[0]
        claim = httpx.post(
            f"http://127.0.0.1:{self.port}/sales/v1/pairing-claims", json={"code": code}, trust_env=False, timeout=30
        )
        return str(claim.json()["token"])


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


@contextmanager
def _in_use(local: Local, token: str, path: str) -> Iterator[list[int]]:
    """Somebody asks on and on with a token; the answers' codes."""
    answers: list[int] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            answers.append(local.ask(token, path).status_code)
            over.wait(0.05)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield answers
    finally:
        over.set()
        asking.join()


@pytest.mark.slow
@pytest.mark.parametrize("holder", ["office", "sales-web"])
def test_the_key_of_tokens(local: Local, holder: str) -> None:
    catalogue = "/sales/v1/catalogue?outlet=OUT-1"
    scope = ("--outlet", "OUT-1", "--register", "OUT-1-1")

    def fresh() -> str:
        return local.token("register", *scope) if holder == "office" else local.paired()

    old = fresh()
    (first,) = local.ids(holder)
    with _in_use(local, old, catalogue) as answers:
        second = local.run("keys", "add", holder).splitlines()[0]
        assert local.ids(holder) == {first: True, second: False}
        local.run("restart")
        local.run("keys", "use", second)
        assert local.ids(holder) == {first: False, second: True}
        new = fresh()
        assert [local.ask(token, catalogue).status_code for token in (old, new)] == [200, 200]
        local.run("restart")
    assert len(answers) > 20
    assert set(answers) == {200}
    assert "is the one that works" in local.run("keys", "drop", second, code=2)
    assert "It has signed nothing since 20" in local.run("keys", "drop", first)
    local.run("restart", "web")
    assert [local.ask(token, catalogue).status_code for token in (old, new)] == [401, 200]
    assert local.run("verify")
    assert "no key" in local.run("keys", "use", first, code=2)


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


@pytest.mark.slow
def test_passwords(local: Local) -> None:
    """As the page says: down, the files removed, up."""
    token, secrets = local.token("city"), local.home / "secrets"
    names = ("sales_app", "sales_owner", "redis")
    before = [(secrets / name).read_text(encoding="ascii") for name in names]
    local.run("down")
    for name in names:
        (secrets / name).unlink()
    local.run("up", "-d", "--port", str(local.port))
    assert local.ask(token, "/sales/v1/outlets").status_code == 200
    assert local.ask(token, "/sales/readyz").json() == {
        "status": "ready", "service": "sales", "database": "ready", "redis": "up"
    }  # fmt: skip
    assert not set(before) & {(secrets / name).read_text(encoding="ascii") for name in names}


def _elsewhere(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command where no system can be: nobody can make a home there, as in the container that makes the keys."""
    own = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), "LAPAK_HOME": "/dev/null/home"}
    run = [*COMMAND_LINE, "keys", *arguments]
    return subprocess.run(run, cwd=ROOT, env=own | environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", ["LAPAK_TOKEN_PRIVATE_KEY", "LAPAK_IDENTITY_KEYS_FILE"])
def test_keys_of_the_environment_are_not_ours(name: str) -> None:
    done = _elsewhere("list", **{name: "/somewhere"})
    assert (done.returncode, "come from" in done.stderr) == (2, True)
    assert "/somewhere" not in done.stderr


@pytest.mark.slow
def test_keys_in_a_folder_need_nothing_else(tmp_path: Path) -> None:
    keys.load(tmp_path)
    at = ("--folder", str(tmp_path))
    first, second = (_elsewhere(*at, "add", "office").stdout.strip() for _ in range(2))
    assert _elsewhere(*at, "use", second).returncode == 0
    assert _elsewhere(*at, "drop", first).returncode == 0
    listed = _elsewhere(*at, "list").stdout
    assert f"office            {second} works" in listed
    assert first not in listed
    assert not [word for path in tmp_path.iterdir() for word in _secret_words(path) if word in listed]


def _secret_words(path: Path) -> list[str]:
    text = path.read_text(encoding="ascii")
    return [key["d"] for key in [json.loads(text)] if "d" in key] if text.startswith("{") else text.split(",")


def test_a_key_of_names_is_not_dropped_where_nobody_can_tell_who_needs_it(local: Local, tmp_path: Path) -> None:
    """Not by the database of another system, either, which does not know these names."""
    old = keyring.fingerprint(keys.load(tmp_path)["identity_keys"])
    keyring.add(tmp_path, "identity")
    at = ("--folder", str(tmp_path), "drop", old)
    assert "--unchecked" in _elsewhere(*at).stderr
    assert "--unchecked" in local.run("keys", *at, code=2)
    assert _elsewhere(*at, "--unchecked").returncode == 0
    assert old not in _elsewhere("--folder", str(tmp_path), "list").stdout


def test_a_folder_without_keys_is_named(local: Local, tmp_path: Path) -> None:
    assert f"no keys in {tmp_path}" in local.run("keys", "--folder", str(tmp_path), "list", code=2)
