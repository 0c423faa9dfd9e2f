"""pg_dump and pg_restore, run so that nobody reads a password in the list of processes."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import psycopg
from psycopg import pq

from shared.backup import NotDone, one_line
from shared.local.children import child_setup


def call(program: Path, *arguments: str, url: str = "") -> None:
    """Run one of them against the database of `url`; it ends when we do. Raises NotDone with what it complains of."""
    done = subprocess.run(
        [str(program), *arguments], env={**os.environ, **_libpq(url)}, stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace", check=False,
        preexec_fn=child_setup(),
    )  # fmt: skip
    if done.returncode < 0:
        raise NotDone(f"{program.name} was ended by {signal.Signals(-done.returncode).name}")
    if done.returncode:
        raise NotDone(one_line(done.stderr) or f"{program.name} ended with {done.returncode}")


def server_version(service: str, url: str) -> int:
    """The major version of the server of a URL. Raises NotDone when it cannot be asked."""
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            return connection.info.server_version // 10_000
    except psycopg.Error as error:
        raise NotDone(f"{service}: {one_line(error)}") from None


def _libpq(url: str) -> dict[str, str]:
    """The variables that libpq reads in place of the parts of a URL."""
    parts = pq.Conninfo.parse(url.encode())
    return {part.envvar.decode(): part.val.decode() for part in parts if part.envvar and part.val}
