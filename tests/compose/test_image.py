"""One image for every process: small, the same from the same sources, run by nobody in particular."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.local.home import ROOT
from tests.compose.stack import IMAGE, Stack

#: MB of Lapak and its packages on top of the base image; more needs a reason.
AIM = 215


@pytest.fixture(scope="module")
def tool(engine: None) -> Stack:
    """Runs docker; no containers of its own."""
    return Stack("lapak-image")


@pytest.fixture(scope="module")
def image(tool: Stack) -> dict[str, Any]:
    """What the engine says of the image."""
    tool.compose("build", "-q")
    found: dict[str, Any] = json.loads(tool.run("docker", "image", "inspect", IMAGE).stdout)[0]
    return found


def test_it_says_what_it_is_and_runs_as_nobody_in_particular(image: dict[str, Any]) -> None:
    config = image["Config"]
    assert config["User"] == "10001:10001"
    assert config["Healthcheck"]["Test"] == ["CMD", "python", "-m", "shared.alive"]
    assert config["Labels"]["org.opencontainers.image.title"] == "Lapak"
    assert config["Labels"]["org.opencontainers.image.licenses"] == "MIT"
    assert config["Labels"]["org.opencontainers.image.version"]


def test_it_is_small(tool: Stack, image: dict[str, Any]) -> None:
    base = json.loads(tool.run("docker", "image", "inspect", _base()).stdout)[0]
    ours = (image["Size"] - base["Size"]) / 10**6
    print(f"{ours:.0f} MB on top of a base of {base['Size'] / 10**6:.0f} MB")
    assert image["RootFS"]["Layers"][: len(base["RootFS"]["Layers"])] == base["RootFS"]["Layers"]
    assert 50 < ours <= AIM


def _base() -> str:
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    return [line.split()[1] for line in lines if line.startswith("FROM ")][-1]


def test_it_brings_what_the_command_line_needs_and_nothing_that_builds(tool: Stack, image: dict[str, Any]) -> None:
    for program in ("pg_dump", "pg_restore"):
        run = tool.run("docker", "run", "--rm", "--read-only", "--entrypoint", program, IMAGE, "--version")
        assert "PostgreSQL" in run.stdout
    versions = "for one in /usr/local/bin /usr/lib/postgresql/*/bin; do $one/pg_restore --version; done"
    found = tool.run("docker", "run", "--rm", "--read-only", "--entrypoint", "sh", IMAGE, "-c", versions).stdout
    # The compose file's server, and the one that `lapak up` starts elsewhere.
    assert [line.split()[2].split(".")[0] for line in found.splitlines()] == ["17", "18"]
    absent = tool.run("docker", "run", "--rm", "--entrypoint", "sh", IMAGE, "-c", "command -v gcc uv psql", check=False)
    assert absent.stdout == ""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_same_sources_make_the_same_image(tool: Stack) -> None:
    """Bit for bit, also without the cache of layers."""
    made = [
        tool.run("docker", "build", "-q", "--no-cache", "--build-arg", "SOURCE_DATE_EPOCH=1767225600", ".").stdout
        for _ in range(2)
    ]
    tool.run("docker", "image", "rm", made[0].strip(), check=False)
    assert made[0].strip()
    assert made[0] == made[1]
