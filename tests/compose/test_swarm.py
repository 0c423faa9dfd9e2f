"""deploy/swarm.yml on a swarm of one node, with PostgreSQL and Redis outside of the stack (docs/scaling.md)."""

from __future__ import annotations

import subprocess
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.local.home import COMMAND_LINE, ROOT, free_port
from tests.chaos.load import People
from tests.compose.stack import IMAGE, Stack, each_sale_moved_once, people_at_work
from tests.waiting import until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

STACK = "lapaktest"
#: A Redis that is told the users that `lapak secrets` has made.
_REDIS = """printf '%s\\n' "$USERS" >/tmp/users.acl
exec redis-server --aclfile /tmp/users.acl --maxmemory-policy noeviction"""
REPLICATED = [
    f"{service}-{kind}" for service in ("training", "inventory", "sales") for kind in ("web", "worker", "courier")
]


class Swarm(Stack):
    """The stack, and the two servers beside it."""

    def docker(self, *arguments: str, check: bool = True) -> str:
        """What docker prints."""
        return self.run("docker", *arguments, check=check).stdout.strip()

    def deploy(self, **settings: str) -> None:
        """As docs/scaling.md says."""
        self.environment |= settings
        self.run("docker", "stack", "deploy", "--resolve-image", "never", "-c", "deploy/swarm.yml", STACK)

    def replicas(self) -> dict[str, str]:
        """`running/wanted` by service."""
        lines = self.docker("stack", "services", "--format", "{{.Name}} {{.Replicas}}", STACK).splitlines()
        return {name.removeprefix(f"{STACK}_"): count for name, count in (line.split()[:2] for line in lines)}

    def sql(self, service: str, query: str) -> list[list[str]]:
        """Rows of a service's database, as text."""
        psql = ["exec", f"{STACK}-postgres", "psql", "-U", "postgres", "-tAF", "\t"]
        answer = self.docker(*psql, "-d", f"lapak_{service}", "-c", query)
        return [line.split("\t") for line in answer.splitlines()]

    def secret(self, path: str) -> str:
        """A file of the folder that the swarm's secrets were made from."""
        return Path(self.environment["LAPAK_SECRETS"], path).read_text(encoding="utf-8").strip()


@pytest.fixture(scope="module")
def swarm(engine: None, keys: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Swarm]:
    """Deployed and whole."""
    secrets = tmp_path_factory.mktemp("secrets")
    made = Swarm(STACK, port=free_port(), image=IMAGE)
    made.compose("build", "-q")
    if made.docker("info", "-f", "{{.Swarm.LocalNodeState}}") != "inactive":
        pytest.skip("NOT RUN: this engine belongs to a swarm already, which is left alone")
    servers = ["--postgres", f"{STACK}-postgres:5432", "--redis", f"{STACK}-redis:6379"]
    subprocess.run([*COMMAND_LINE, "secrets", str(secrets), *servers], cwd=ROOT, check=True, capture_output=True)
    made.docker("swarm", "init", "--advertise-addr", "127.0.0.1")
    try:
        made.deploy(LAPAK_SECRETS=str(secrets))
        _start_servers(made, secrets)
        until("all replicas run", lambda: _whole(made), 180)
        yield made
    finally:
        made.docker("rm", "-fv", f"{STACK}-postgres", f"{STACK}-redis", check=False)
        made.docker("stack", "rm", STACK, check=False)
        made.docker("swarm", "leave", "--force", check=False)


def _start_servers(swarm: Swarm, secrets: Path) -> None:
    """PostgreSQL and Redis as somebody else's: not of the stack, but to be had at its network."""
    password, network = (secrets / "postgres" / "postgres_password").read_text().strip(), f"{STACK}_back"
    run = ["run", "-d", "--network", network, "--name"]
    swarm.docker(
        *run, f"{STACK}-postgres", "-e", f"POSTGRES_PASSWORD={password}", "postgres:17", "-c", "max_connections=400"
    )
    users = (secrets / "redis" / "users.acl").read_text()
    swarm.docker(*run, f"{STACK}-redis", "-e", f"USERS={users}", "redis:8", "sh", "-c", _REDIS)


def _whole(swarm: Swarm) -> bool:
    found = swarm.replicas()
    return all(found.get(name) == "2/2" for name in REPLICATED) and found["gateway"] == "1/1"


def test_sells_scales_and_is_upgraded(swarm: Swarm) -> None:
    until("the gateway leads on", lambda: _answers(swarm), 60)
    with people_at_work(swarm) as people:
        swarm.docker("service", "scale", f"{STACK}_sales-web=3", f"{STACK}_inventory-worker=4")
        assert (swarm.replicas()["sales-web"], swarm.replicas()["inventory-worker"]) == ("3/3", "4/4")
        _upgrade(swarm)
        before = len(people.acknowledged)
        until("sales go on", lambda: len(people.acknowledged) > before + 20)
    print(f"{len(people.acknowledged)} sales, unanswered: {_briefly(people)}")
    each_sale_moved_once(swarm, people)


def _answers(swarm: Swarm) -> bool:
    return swarm.run("curl", "-fs", f"{swarm.url}/sales/readyz", check=False).returncode == 0


def _upgrade(swarm: Swarm) -> None:
    """Another image (here only by name): replicas are replaced one by one."""
    swarm.docker("tag", IMAGE, "lapak:test-other")
    swarm.image = "lapak:test-other"
    swarm.deploy()
    images = "{{.Spec.TaskTemplate.ContainerSpec.Image}} {{if .UpdateStatus}}{{.UpdateStatus.State}}{{end}}"
    services = [f"{STACK}_{name}" for name in REPLICATED]
    wanted = Counter({"lapak:test-other completed": len(services)})
    until(
        "all are replaced",
        lambda: Counter(swarm.docker("service", "inspect", "-f", images, *services).splitlines()) == wanted,
        300,
    )


def _briefly(people: People) -> str:
    return ", ".join(f"{count} × {what[-160:]}" for what, count in people.unanswered.most_common(5)) or "none"
