"""Child processes that cannot outlive us."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(death_signal: int, parent: int) -> None:
    """Ask the kernel to send us `death_signal` when our parent ends; end at once if it already has.

    Call it after a change of user, which clears the wish. It concerns the parent's *thread* that forked us.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def child_setup(
    *, user: int | None = None, death_signal: int = signal.SIGKILL, announce: int | None = None
) -> Callable[[], None]:
    """What a child does between fork and exec (`preexec_fn`).

    It leads its own session, so that all its descendants can be ended as one group; writes its id to the file
    descriptor `announce`, if given, before it can have any; becomes `user`; and dies with us.
    """
    parent = os.getpid()

    def setup() -> None:
        os.setsid()
        if announce is not None:
            with contextlib.suppress(OSError):  # without a guard the kernel still ends us
                os.write(announce, b"+%d %d\n" % (os.getpid(), death_signal))
        if user is not None:
            os.setgroups([])
            os.setgid(user)
            os.setuid(user)
        die_with_parent(death_signal, parent)

    return setup


def signal_group(leader: int, number: int) -> bool:
    """Send a signal to a child's whole group; False when nobody of it is left."""
    try:
        os.killpg(leader, number)
    except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
        return False
    return True
