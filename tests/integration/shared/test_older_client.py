"""Client programs of PostgreSQL that are older than a server or a backup: refused before anything is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.shared.conftest import Installation

_DEBIAN = Path("/usr/lib/postgresql/15/bin")


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """Those of Debian 12; where it is another system, what says that it is them."""
    if (_DEBIAN / "pg_restore").exists():
        return _DEBIAN
    for name in ("pg_dump", "pg_restore"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho "{name} (PostgreSQL) 15.9"\n')
        (tmp_path / name).chmod(0o755)
    return tmp_path


def test_older_programs_neither_back_up_nor_restore(lapak: Installation, older: Path, tmp_path: Path) -> None:
    backup, epochs = lapak.back_up(), lapak.epochs()
    settings = {"LAPAK_POSTGRES_CLIENT": str(older)}
    folder = tmp_path / "elsewhere"
    for command in (["backup", str(folder)], ["restore", str(backup), "--check"], ["restore", str(backup), "--yes"]):
        done = lapak.run(*command, settings=settings)
        assert done.returncode in {1, 2}, done.stdout + done.stderr
        (line,) = done.stderr.splitlines()
        assert "no pg_dump and pg_restore of PostgreSQL " in line
        assert f"or newer found in {older}, which LAPAK_POSTGRES_CLIENT names" in line
    assert not folder.exists()
    assert lapak.epochs() == epochs
    assert lapak.beside() == []
