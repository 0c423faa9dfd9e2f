"""Signs of life, for the health check of a container: each loop leaves its own in LAPAK_ALIVE while it turns.

python -m shared.alive        exit 0 when there are some and all of them are fresh, 1 when not

A web server leaves the address at which it says whether it is ready. Imported by every process, and started anew for
each check: so it imports little.
"""

from __future__ import annotations

import http.client
import sys
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from shared import config

#: A loop turns many times a second; one batch may take a while (LAPAK_STATEMENT_SECONDS), and a connection attempt.
FRESH = 30.0
_last: dict[str, float] = {}


def beat(loop: str) -> None:
    """This loop turns. Cheap: at most once a second it reaches a file, and nowhere without LAPAK_ALIVE.

    Where that cannot be written the loop goes on, and the health check finds no sign.
    """
    now = time.monotonic()
    if now - _last.get(loop, -1.0) >= 1.0:
        _last[loop] = now
        if folder := config.get("LAPAK_ALIVE"):
            with suppress(OSError):
                leave(Path(folder), loop, "")


def leave(folder: Path, name: str, address: str) -> None:
    """Leave a sign; with an address, that is asked instead of looking at the sign's age."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(address, encoding="ascii")


def complaints(folder: Path) -> list[str]:
    """What is not well, in words; empty: all is well."""
    signs = sorted(folder.iterdir()) if folder.is_dir() else []
    found = [complaint for sign in signs if (complaint := _complaint(sign))]
    return found if signs else [f"no sign of life in {folder} yet"]


def _complaint(sign: Path) -> str:
    if address := sign.read_text(encoding="ascii"):
        return _answers(address)
    age = time.time() - sign.stat().st_mtime
    return f"{sign.name}: last seen {age:.0f} s ago" if age > FRESH else ""


def _answers(address: str) -> str:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=3)
    try:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        said = answer.read().decode(errors="replace")
    except OSError as error:
        return f"{address}: {error}"
    finally:
        connection.close()
    return "" if answer.status == http.HTTPStatus.OK else f"{address}: {answer.status} {said}"


def main() -> int:
    """Say what is not well; the exit code."""
    found = complaints(Path(config.get("LAPAK_ALIVE")))
    print("\n".join(found) or "alive")
    return min(len(found), 1)


if __name__ == "__main__":
    sys.exit(main())
