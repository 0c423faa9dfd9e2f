"""The secrets of a system as `lapak secrets` makes them, and a Redis that knows its users."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner

from shared import redis_acl
from shared.cli.secrets import secrets
from shared.local import keys
from shared.local.home import Home, free_port
from shared.local.servers import RedisServer
from tests.waiting import until


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What docker compose and the swarm hand out of."""
    found = tmp_path_factory.mktemp("trust") / "secrets"
    assert CliRunner().invoke(secrets, [str(found)]).exit_code == 0
    return found


@pytest.fixture(scope="session")
def server(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[redis.Redis]:
    """A server of our configuration that knows the users of `folder`, as its administrator."""
    made = keys.load(folder / "kept")
    home = Home(tmp_path_factory.mktemp("redis").resolve()).create()
    ours = RedisServer(home, free_port(), made["redis"], users=redis_acl.users_of(made))
    ours.prepare()
    process = subprocess.Popen(ours.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until("it is ready", lambda: ours.is_ready() or process.poll() is not None)
        assert process.poll() is None
        yield redis.Redis(port=ours.port, password=made["redis"])
    finally:
        process.kill()
        process.wait()
