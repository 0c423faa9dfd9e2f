"""The settings that keep Celery on Redis from losing or doubling what it carries (architecture: Celery settings)."""

from __future__ import annotations

import pytest

from shared.messaging.celery import settings
from shared.messaging.worker import FLAGS, UNWATCHED


@pytest.fixture
def conf(monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """The settings of one service's worker."""
    monkeypatch.setenv("LAPAK_REDIS_URL", "redis://127.0.0.1:1/0")
    return settings("sales")


def test_a_message_is_gone_only_after_its_effect(conf: dict[str, object]) -> None:
    assert (conf["task_acks_late"], conf["task_reject_on_worker_lost"]) == (True, False)
    assert (conf["worker_pool"], conf["worker_prefetch_multiplier"]) == ("solo", 1)


def test_workers_wait_for_redis_however_long(conf: dict[str, object]) -> None:
    assert conf["broker_connection_max_retries"] is None
    assert conf["broker_connection_retry_on_startup"] is True


def test_each_service_sweeps_only_its_own_messages(conf: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    other = settings("training")
    for key in ("unacked_key", "unacked_index_key", "unacked_mutex_key"):
        assert conf["broker_transport_options"][key] != other["broker_transport_options"][key]  # type: ignore[index]


def test_redis_never_blocks_for_ever(conf: dict[str, object]) -> None:
    options = conf["broker_transport_options"]
    expected = {
        "visibility_timeout": 60,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "unacked_mutex_expire": 10,
        "socket_timeout": 5,
        "socket_connect_timeout": 3,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "priority_steps": [0],
    }
    assert {key: options[key] for key in expected} == expected  # type: ignore[index]


def test_nothing_but_our_json_is_read(conf: dict[str, object]) -> None:
    assert conf["accept_content"] == [conf["task_serializer"]] == ["lapak-json"]


def test_workers_do_not_chatter(conf: dict[str, object]) -> None:
    assert {*FLAGS, *UNWATCHED} == {"--without-gossip", "--without-mingle", "--without-heartbeat"}
    assert conf["worker_enable_remote_control"] is False
    assert conf["worker_send_task_events"] is False


def test_a_monitor_hears_of_them_where_one_is_wanted(conf: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAPAK_CELERY_EVENTS", "1")
    assert settings("sales")["worker_send_task_events"] is True
