"""Where a local system keeps its things, and what it tells its processes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from shared.config import SERVICES
from shared.holders import HOLDERS
from shared.local import home as home_module
from shared.local import keyring, keys
from shared.local.console import MAX_LOG_BYTES, LogFile
from shared.local.environment import complete, for_command, given_servers, local_environment
from shared.local.home import (
    ROOT,
    Home,
    LocalError,
    check_ours,
    free_port,
    is_free,
    private_ports,
    read_json,
    set_aside_what_is_left,
    write_json,
    write_private,
)
from shared.local.servers import forget_dead_postmaster
from shared.local.system import web_port


@pytest.fixture
def home(tmp_path: Path) -> Home:
    folder = Home(tmp_path / "home")
    for path in (folder.secrets, folder.run, folder.logs):
        path.mkdir(parents=True)
    return folder


def test_secrets_are_made_once_and_stay(home: Home) -> None:
    first = keys.load(home.secrets)
    assert keys.load(home.secrets) == first
    assert {path.stat().st_mode & 0o777 for path in home.secrets.iterdir()} == {0o600}
    assert len({first["postgres"], first["redis"], *(first[f"{service}_app"] for service in SERVICES)}) == 5
    public = json.loads(first["token_public_keys"])["keys"]
    assert not any("d" in key for key in public)
    holders = {key["holder"]: key["kid"] for key in public}
    assert holders == {holder: json.loads(first[keys.file_of(holder)])["kid"] for holder in HOLDERS}


def test_a_home_of_one_key_for_all_gets_keys_for_each_and_believes_the_old_one(home: Home) -> None:
    """v0.1.0: one private key, and a public one that names no holder."""
    private = keys.private_key()
    old = {name: value for name, value in keys.public_key(private, "office").items() if name != "holder"}
    write_private(home.secrets / "token_private_key", private)
    write_private(home.secrets / "token_public_keys", json.dumps({"keys": [old]}))
    found = keys.load(home.secrets)
    assert found["token_private_key"] == private
    public = json.loads(found["token_public_keys"])["keys"]
    assert public[0] == old
    assert [key["holder"] for key in public[1:]] == list(HOLDERS[1:])
    assert [key.kind for key in keyring.listed(home.secrets)][: len(HOLDERS)] == list(HOLDERS)


def test_ports_stay_the_same_until_somebody_else_takes_one(home: Home) -> None:
    ports = private_ports(home, ["postgres", "redis"])
    assert len(set(ports.values())) == 2
    assert private_ports(home, ["postgres", "redis"]) == ports
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports["redis"]))
        other.listen()
        assert not is_free(ports["redis"])
        changed = private_ports(home, ["postgres", "redis"])
    assert changed["postgres"] == ports["postgres"]
    assert changed["redis"] != ports["redis"]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nobody keeps the word")
def test_nobody_is_given_a_port_that_another_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    first = free_port()
    monkeypatch.setattr(home_module, "PORT_RANGE", [first] * 200)
    code = "from shared.local import home; home.PORT_RANGE = [PORT] * 200; home.free_port()"
    command = [sys.executable, "-c", code.replace("PORT]", f"{first}]")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert "LocalError: no free port" in done.stderr, "another process is given none that nobody listens on yet"
    with pytest.raises(LocalError, match="no free port"):
        free_port()


def test_the_wanted_web_port_is_taken_or_refused_never_replaced() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        with pytest.raises(LocalError, match=f"port {taken} is taken"):
            web_port(taken)


def test_what_the_user_has_set_stays_also_as_a_file(home: Home) -> None:
    found = local_environment(home, {"postgres": 1, "redis": 2, "web": 3})
    mine = {"LAPAK_REDIS_URL": "redis://mine/0", "LAPAK_SALES_DATABASE_URL_FILE": "/run/secrets/sales"}
    both = complete(mine, found)
    assert both["LAPAK_REDIS_URL"] == "redis://mine/0"
    assert "LAPAK_SALES_DATABASE_URL" not in both
    assert both["LAPAK_SALES_URL"] == "http://127.0.0.1:3/sales"


def test_a_container_that_is_told_everything_needs_no_home(tmp_path: Path) -> None:
    names = ["LAPAK_REDIS_URL", "LAPAK_TOKEN_PRIVATE_KEY", "LAPAK_TOKEN_PUBLIC_KEYS"]
    names += [f"LAPAK_{service.upper()}_{name}" for service in SERVICES for name in ("DATABASE_URL", "URL")]
    environ = {f"{name}_FILE": "/run/secrets/x" for name in names}
    absent = Home(tmp_path / "absent")
    assert for_command(absent, environ) == environ
    assert not absent.root.exists()


def test_databases_come_from_the_environment_all_or_none() -> None:
    names = [f"LAPAK_{s.upper()}_{kind}" for s in SERVICES for kind in ("OWNER_DATABASE_URL", "DATABASE_URL")]
    assert given_servers({}).postgres is False
    assert given_servers(dict.fromkeys(names, "postgresql://x")).postgres is True
    with pytest.raises(LocalError, match=names[-1]):
        given_servers(dict.fromkeys(names[:-1], "postgresql://x"))
    assert given_servers({"LAPAK_REDIS_URL": "redis://x"}).redis is True


def test_keys_come_from_the_environment_all_or_none() -> None:
    given = dict.fromkeys(["LAPAK_TOKEN_PUBLIC_KEYS", *map(keys.setting_of, HOLDERS)], "{}")
    given_servers(given)
    del given["LAPAK_SALES_COURIER_PRIVATE_KEY"]
    with pytest.raises(LocalError, match="LAPAK_SALES_COURIER_PRIVATE_KEY"):
        given_servers(given)


def test_a_container_that_cannot_write_is_content_with_the_databases(tmp_path: Path) -> None:
    """`migrate` is handed no key."""
    environ = {f"LAPAK_{service.upper()}_DATABASE_URL_FILE": "/run/secrets/x" for service in SERVICES}
    (tmp_path / "file").touch()
    nowhere = Home(tmp_path / "file" / "home")
    assert for_command(nowhere, environ) == environ
    with pytest.raises(OSError, match="file"):
        for_command(nowhere, {})


def test_a_folder_that_somebody_else_could_have_planted_is_refused(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir(mode=0o700)
    check_ours(real)
    planted = tmp_path / "planted"
    planted.symlink_to(real)
    with pytest.raises(LocalError, match="planted"):
        check_ours(planted)
    real.chmod(0o777)
    with pytest.raises(LocalError, match="real"):
        check_ours(real)


def test_a_state_file_that_was_cut_off_reads_as_empty(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    assert read_json(path) == {}
    write_json(path, {"pid": 1})
    assert read_json(path) == {"pid": 1}
    path.write_text('{"pid": ', encoding="utf-8")
    assert read_json(path) == {}


def test_a_log_keeps_its_size(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "web.log")
    line = b"x" * 99_999
    for _ in range(120):
        log.write(line)
    log.close()
    sizes = {path.name: path.stat().st_size for path in tmp_path.iterdir()}
    assert sizes.keys() == {"web.log", "web.log.1"}
    assert max(sizes.values()) <= MAX_LOG_BYTES + len(line) + 1


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc")
def test_only_the_lock_file_of_another_program_is_removed(tmp_path: Path) -> None:
    lock = tmp_path / "postmaster.pid"
    forget_dead_postmaster(tmp_path)
    lock.write_text("99999999\n", encoding="utf-8")  # nobody: PostgreSQL sees through that itself
    forget_dead_postmaster(tmp_path)
    assert lock.exists()
    lock.write_text(f"{os.getpid()}\n", encoding="utf-8")
    forget_dead_postmaster(tmp_path)
    assert not lock.exists()


def test_data_whose_passwords_are_gone_are_set_aside_and_those_of_this_home_stay(tmp_path: Path) -> None:
    servers, secrets = tmp_path / "servers", tmp_path / "secrets"
    assert set_aside_what_is_left(servers, secrets) is None  # the first start
    (servers / "postgres").mkdir(parents=True)
    servers.chmod(0o711)
    secrets.mkdir()
    (secrets / "postgres").touch()
    assert set_aside_what_is_left(servers, secrets) is None  # a later start
    (secrets / "postgres").unlink()  # the checkout was removed and cloned anew
    aside = set_aside_what_is_left(servers, secrets)
    assert aside is not None
    assert (aside / "postgres").is_dir()
    assert not servers.exists()


def test_a_port_that_is_spoken_for_is_given_to_nobody_else(tmp_path: Path) -> None:
    home = Home(tmp_path / "home").create()
    port = private_ports(home, ["postgres"])["postgres"]
    assert private_ports(home, ["postgres"], taken=[port])["postgres"] != port
