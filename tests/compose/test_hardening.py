"""What a container may do, see and reach: as little as its work needs."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from shared.config import SERVICES
from tests.compose.stack import Stack, names
from tests.waiting import until

PROCESSES = [f"{service}-{kind}" for service in SERVICES for kind in ("web", "worker", "courier")]
STANDING = ["gateway", "postgres", "redis", *PROCESSES]


@pytest.fixture(scope="module")
def containers(stack: Stack) -> dict[str, dict[str, Any]]:
    """What the engine says of each that stands, by service."""
    return {service: stack.containers(service)[0] for service in STANDING}


def test_each_is_bounded_and_comes_back(containers: dict[str, dict[str, Any]]) -> None:
    for service, one in containers.items():
        host = one["HostConfig"]
        assert host["ReadonlyRootfs"], service
        assert host["Memory"] > 0, service
        assert host["PidsLimit"] > 0, service
        assert host["CapDrop"] == ["ALL"], service
        assert host["SecurityOpt"] == ["no-new-privileges:true"], service
        assert host["RestartPolicy"]["Name"] == "always", service
        assert host["LogConfig"]["Config"]["max-size"], service
        assert one["Config"]["User"] not in {"", "root", "0"}, service
        assert one["State"]["Health"]["Status"] == "healthy", service
    assert [service for service, one in containers.items() if one["HostConfig"]["CapAdd"]] == ["gateway"]


def test_one_port_is_published_to_this_machine_only(containers: dict[str, dict[str, Any]]) -> None:
    published = {
        (service, binding["HostIp"])
        for service, one in containers.items()
        for bindings in one["NetworkSettings"]["Ports"].values()
        for binding in bindings or []
    }
    assert published == {("gateway", "127.0.0.1")}


def test_the_gateway_reaches_no_database_and_nobody_behind_reaches_the_world(
    stack: Stack, containers: dict[str, dict[str, Any]]
) -> None:
    networks = {service: set(one["NetworkSettings"]["Networks"]) for service, one in containers.items()}
    assert not networks["gateway"] & (networks["postgres"] | networks["redis"])
    (back,) = networks["postgres"]
    assert stack.run("docker", "network", "inspect", "-f", "{{.Internal}}", back).stdout.strip() == "true"
    assert networks["sales-worker"] == networks["sales-courier"] == networks["redis"] == {back}
    address = containers["postgres"]["NetworkSettings"]["Networks"][back]["IPAddress"]
    gateway = names([containers["gateway"]])[0]
    tried = stack.run("docker", "exec", gateway, "wget", "-qO-", "-T", "2", f"http://{address}:5432", check=False)
    assert tried.returncode != 0


def test_a_service_sees_its_own_secrets_and_no_others(stack: Stack) -> None:
    for service in SERVICES:
        for kind in ("web", "worker", "courier"):
            listed = stack.compose("exec", "-T", f"{service}-{kind}", "ls", "/secrets").split()
            names = ["names"] if (service, kind) == ("training", "web") else []
            assert sorted(listed) == sorted(["public", service, f"{service}-{kind}", *names])
    assert stack.compose("exec", "-T", "training-web", "cat", "/secrets/names/identity_keys").strip()


def test_the_servers_see_their_own_passwords_and_no_others(stack: Stack) -> None:
    seen = {"postgres": ["postgres_password"], "redis": ["health_password", "redis.conf", "users.acl"]}
    for server, files in seen.items():
        assert stack.compose("exec", "-T", server, "ls", "/secrets").split() == [server]
        assert sorted(stack.compose("exec", "-T", server, "ls", f"/secrets/{server}").split()) == files
    find = ["run", "--rm", "-T", "--no-deps", "--entrypoint", "find", "secrets", "/secrets", "-perm", "/007"]
    assert stack.compose(*find).strip() == "", "nobody but owner and group may read"


def test_the_gateway_leads_to_each_service(stack: Stack) -> None:
    for service in SERVICES:
        answer = stack.run("curl", "-fsS", f"{stack.url}/{service}/readyz").stdout
        assert '"status":"ready"' in answer.replace(" ", "")


@pytest.mark.slow
def test_health_tells_a_process_that_hangs(stack: Stack) -> None:
    """A courier whose loops stand still is unhealthy within a minute, and healthy again when they turn."""
    (courier,) = names(stack.containers("training-courier"))
    stack.run("docker", "exec", courier, "sh", "-c", "kill -STOP -1", check=False)
    try:
        until("it is unhealthy", lambda: _health(stack, "training-courier") == {"unhealthy"}, 120)
    finally:
        stack.run("docker", "exec", courier, "sh", "-c", "kill -CONT -1", check=False)
    until("healthy again", lambda: _health(stack, "training-courier") == {"healthy"})


def _health(stack: Stack, service: str) -> set[str]:
    return {one["State"]["Health"]["Status"] for one in stack.containers(service)}


def _is_healthy(stack: Stack, service: str) -> bool:
    return _health(stack, service) == {"healthy"}


def test_all_end_by_themselves_and_come_back_in_any_order(stack: Stack) -> None:
    """Asked to end, none is killed at the end of its grace. Then as after a power cut: nobody waits for anybody.

    The servers end last: who waits for one that is gone ends itself, with code 1 (shared/stopping.py).
    """
    before = [name for service in STANDING for name in names(stack.containers(service))]
    stack.compose("stop", *(service for service in STANDING if service not in {"postgres", "redis"}))
    stack.compose("stop")
    codes = {name: stack.run("docker", "inspect", "-f", "{{.State.ExitCode}}", name).stdout.strip() for name in before}
    assert codes == dict.fromkeys(before, "0")
    for name in sorted(before, key=lambda name: ("postgres" in name, "redis" in name, name)):  # those needed come last
        stack.run("docker", "start", name)
    for service in STANDING:
        until(f"{service} is healthy", partial(_is_healthy, stack, service))
    assert stack.lapak("verify", check=False).returncode == 0
