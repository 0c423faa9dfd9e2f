"""Redis behind TLS: ours and Celery's client both talk to a server that they were told to trust, and to no other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
from kombu.exceptions import OperationalError

from shared import redis_url
from shared.messaging.celery import publisher, send
from shared.messaging.status import queue_length
from tests import tls


@pytest.fixture
def behind(redis_url: str, tmp_path: Path) -> Iterator[str]:
    """The test's Redis by TLS; what follows it says whom to trust."""
    server = urlsplit(redis_url)
    assert server.port is not None
    with tls.door(tls.certificate(tmp_path), server.port) as port:
        yield f"rediss://:{server.password}@127.0.0.1:{port}{server.path}"


def test_batches_go_through(behind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAPAK_REDIS_URL", f"{behind}?ssl_ca_certs={tmp_path / 'server.pem'}")
    send(publisher(), "inventory", {"lo": 1, "hi": 2})
    assert queue_length("inventory") == 1


@pytest.mark.parametrize("trusted", ["another", "those that the system trusts"])
def test_an_unknown_server_is_told_nothing(
    behind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trusted: str
) -> None:
    other = tls.certificate(tmp_path, "other").public
    monkeypatch.setenv("LAPAK_REDIS_URL", behind + (f"?ssl_ca_certs={other}" if trusted == "another" else ""))
    with pytest.raises(OperationalError, match="certificate verify failed"):
        send(publisher(), "inventory", {"lo": 1, "hi": 2})
    with (
        redis_url.client(patience=1) as client,
        pytest.raises(redis.ConnectionError, match="certificate verify failed"),
    ):
        client.ping()
    assert queue_length("inventory") is None
