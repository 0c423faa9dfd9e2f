"""`./lapak` itself: the script that makes .venv and hands over to the command line."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from shared.local.home import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with nothing but the script and the locked requirements."""
    folder = tmp_path / "a checkout"
    folder.mkdir()
    shutil.copy(ROOT / "lapak", folder)
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    return folder


def _installed(checkout: Path, kind: str) -> None:
    """As after a first start, with a Python that only says how it was called."""
    programs = checkout / ".venv" / "bin"
    programs.mkdir(parents=True)
    python = programs / "python"
    python.write_text('#!/bin/sh\n[ "$1" = -c ] || echo "$PWD: $*"\n', encoding="utf-8")
    python.chmod(0o755)
    with (checkout / "requirements" / f"{kind}.txt").open("rb") as locked:
        sums = subprocess.run(["cksum"], stdin=locked, capture_output=True, text=True, check=True).stdout.strip()
    (checkout / ".venv" / ".lapak-requirements").write_text(f"{kind} {sums}", encoding="utf-8")


def _run(script: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], **environment}
    return subprocess.run([script, *arguments], cwd="/", env=env, capture_output=True, text=True, check=False)


def test_a_later_start_installs_nothing_and_works_from_any_folder_and_by_a_link(checkout: Path) -> None:
    _installed(checkout, "local")
    link = checkout.with_name("link")
    link.symlink_to(checkout / "lapak")
    done = _run(link, "up", "--port", "1")
    assert (done.stdout, done.stderr) == (f"{checkout.resolve()}: -m shared.cli up --port 1\n", "")


def test_whoever_has_the_development_tools_need_not_install_for_up(checkout: Path) -> None:
    _installed(checkout, "dev")
    assert _run(checkout / "lapak", "up").stderr == ""
    assert _run(checkout / "lapak", "test").stderr == ""


def test_changed_requirements_are_installed_and_a_missing_index_is_named(checkout: Path) -> None:
    _installed(checkout, "local")
    with (checkout / "requirements" / "local.txt").open("a", encoding="utf-8") as locked:
        locked.write("# changed\n")
    # Nobody listens on port 1: no package index.
    nowhere = {"UV_DEFAULT_INDEX": "http://127.0.0.1:1/simple", "UV_HTTP_TIMEOUT": "1"}
    pinned = (ROOT / "requirements" / "uv.txt").read_text(encoding="utf-8").split("uv==")[1].split()[0]
    uv = checkout / ".venv" / "bin" / "uv"
    uv.write_text(f'#!/bin/sh\n[ "$1" = --version ] && echo "uv {pinned}" || exit 2\n', encoding="utf-8")
    uv.chmod(0o755)
    done = _run(checkout / "lapak", "up", **nowhere)
    assert done.returncode == 1
    assert "installing" in done.stderr
    assert "needs a package index" in done.stderr
    assert not (checkout / ".venv" / ".lapak-requirements").exists()


def test_a_python_that_is_too_old_or_missing_is_named(checkout: Path, tmp_path: Path) -> None:
    done = _run(checkout / "lapak", "up", LAPAK_PYTHON="/bin/false")
    assert done.returncode == 1
    assert "LAPAK_PYTHON=/bin/false is not a Python 3.11 or newer" in done.stderr
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("sh", "dirname", "cksum", "cat", "mkdir"):
        (programs / name).symlink_to(shutil.which(name) or "")
    done = _run(checkout / "lapak", "up", PATH=str(programs))
    assert done.returncode == 1
    assert "no Python 3.11 or newer on PATH" in done.stderr
