"""Which tests stay together on one worker."""

from __future__ import annotations

from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

#: Its tests share containers that take minutes to build and to start, and would idle beside everything else twice.
TOGETHER = "tests/compose"


class ByFile(LoadFileScheduling):  # type: ignore[misc]  # the library is not typed
    """As `--dist loadfile`, with what stays together."""

    def _split_scope(self, nodeid: str) -> str:
        if nodeid.startswith(f"{TOGETHER}/"):
            return TOGETHER
        file: str = super()._split_scope(nodeid)
        return file
