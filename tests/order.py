"""In which order the tests run, and which stay together on one worker."""

from __future__ import annotations

from pathlib import Path

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

#: The folders. What shares a whole system comes last: until its worker ends, the system idles beside all other tests.
FOLDERS = (
    "unit",
    "architecture",
    "contracts",
    "trust",
    "integration",
    "auditor",
    "compose",
    "chaos",
    "journeys",
    "browser",
)
#: On one worker: its tests share containers that take minutes to build and to start.
TOGETHER = "tests/compose"


def place(item: pytest.Item) -> int:
    """Where a test stands among the others; those of one folder stay as they are."""
    return FOLDERS.index(item.path.relative_to(Path(__file__).parent).parts[0])


class ByFile(LoadFileScheduling):  # type: ignore[misc]  # the library is not typed
    """As `--dist loadfile`, with what stays together."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(f"{TOGETHER}/"):
            return TOGETHER
        file: str = super()._split_scope(nodeid)
        return file
