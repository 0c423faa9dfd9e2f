"""What LAPAK_REDIS_URL may say, and what both of Redis's clients make of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared import redis_url
from shared.config import WrongSetting
from shared.local.home import ROOT, Home
from shared.messaging.celery import settings

_SENTINEL = "sentinel://:p%40ss%2Fw;rd@a,b:5000,[::1]/3?master=shops&sentinel_password=other"


def test_of_one_server_both_clients_hear_the_same() -> None:
    found = redis_url.parse("redis://worker:p%40ss@redis.example:7000/2")
    assert found.broker()["broker_url"] == "redis://worker:p%40ss@redis.example:7000/2"
    heard = found.client(patience=0.5).get_connection_kwargs()
    wanted = {"host": "redis.example", "port": 7000, "db": 2, "username": "worker", "password": "p@ss"}
    assert {name: heard[name] for name in wanted} == wanted
    assert (heard["socket_timeout"], heard["socket_connect_timeout"]) == (0.5, 0.5)
    assert redis_url.parse("redis://h").hosts == (("h", 6379),)


def test_tls_is_checked_by_both_clients_unless_the_url_says_otherwise() -> None:
    found = redis_url.parse("rediss://:x@h/0?ssl_ca_certs=/ca.pem")
    checked = {"ssl_ca_certs": "/ca.pem", "ssl_cert_reqs": "required", "ssl_check_hostname": True}
    assert found.broker()["broker_use_ssl"] == checked
    assert checked.items() <= found.client(patience=1).get_connection_kwargs().items()
    lax = redis_url.parse("rediss://h?ssl_cert_reqs=none&ssl_check_hostname=False")
    assert lax.broker()["broker_use_ssl"] == {"ssl_cert_reqs": "none", "ssl_check_hostname": False}


def test_each_sentinel_is_told_with_the_login_of_the_servers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAPAK_REDIS_URL", _SENTINEL)
    made = settings("sales")
    login = "sentinel://:p%40ss%2Fw%3Brd@"
    assert made["broker_url"] == f"{login}a:26379/3;{login}b:5000/3;{login}[::1]:26379/3"
    options = made["broker_transport_options"]
    assert (options["master_name"], options["sentinel_kwargs"]["password"]) == ("shops", "other")
    assert options["visibility_timeout"] == 60, "the settings that events depend on are there, too"


def test_each_sentinel_is_asked_once_before_the_next() -> None:
    """As redis-py has it, two that are gone hold up the relay for 8 s; after 5 s it has lost its lead."""
    found = redis_url.parse(_SENTINEL)
    pool: Any = found.client(patience=1).connection_pool
    asked = pool.sentinel_manager.sentinel_kwargs
    for how in (asked, found.broker()["broker_transport_options"]["sentinel_kwargs"]):
        assert how["retry"].get_retries() == 0
        assert (how["socket_timeout"], how["socket_connect_timeout"]) == (1, 1)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "must begin with redis://"),
        ("http://secret@h", "must begin with redis://"),
        ("redis://", "host and port cannot be read"),
        ("redis://:secret@h:many/0", "host and port cannot be read"),
        ("redis://:secret/secret@h/0", "host and port cannot be read"),
        ("redis://:secret@h/first", "the number of a database"),
        ("redis://:secret@a,b/0", "several hosts are possible with sentinel:// only"),
        ("redis://h/0?ssl_ca_certs=x", "redis:// takes no parameters, not ssl_ca_certs"),
        ("rediss://h/0?master=x", "rediss:// takes ssl_ca_certs"),
        ("rediss://h/0?ssl_cert_reqs=perhaps", "required, optional or none"),
        ("rediss://h/0?ssl_check_hostname=perhaps", "true or false"),
        ("sentinel://:secret@h/0", "?master=NAME"),
        ("sentinel://:secret@h/0?master=", "?master=NAME"),
        ("sentinel://:secret@,h/0?master=a", "host and port cannot be read"),
        ("sentinel://h/0?master=a&ssl_ca_certs=x", "sentinel:// takes master, sentinel_password, not ssl_ca_certs"),
    ],
)
def test_a_url_that_cannot_be_read_is_refused_and_not_shown(url: str, says: str) -> None:
    with pytest.raises(WrongSetting, match=re.escape(says)) as refused:
        redis_url.parse(url)
    assert str(refused.value).startswith("LAPAK_REDIS_URL ")
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "command",
    [
        ["shared.messaging.worker", "services.sales.worker:celery"],
        ["shared.messaging.courier", "services.sales.handlers:consumer"],
        ["shared.cli", "up"],
    ],
    ids=lambda command: command[0],
)
def test_a_process_that_is_given_one_says_so_in_one_line_and_ends(command: list[str], tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "LAPAK_HOME": str(home.root)}
    environment |= {"LAPAK_REDIS_URL": "redis:/h", "LAPAK_SALES_DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}
    if command[0] == "shared.cli":
        del environment["LAPAK_SALES_DATABASE_URL"]
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    if home.servers != home.root:
        shutil.rmtree(home.servers, ignore_errors=True)
    assert done.returncode in {1, 2}
    (line,) = done.stderr.splitlines()
    assert line.removeprefix("lapak: ").startswith("LAPAK_REDIS_URL is no URL of a Redis")
