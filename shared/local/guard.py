"""Ends what the supervisor started when the supervisor itself is gone, `kill -9` included.

The kernel ends the supervisor's children with it (see children.py), but not their children: a web server's workers
would go on. So a small process, forked off at the start, holds the other end of a pipe: each child writes its id
into it before it becomes a program, the supervisor strikes it out when its whole group is gone, and the end of the
pipe means that the supervisor is gone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

from shared.local.children import signal_group


class Guard:
    """The supervisor's end of the pipe."""

    def __init__(self) -> None:
        """Fork the guard. It keeps what it inherits open, the supervisor's lock too: who waits for it waits for us."""
        reader, self.pipe = os.pipe()
        self.process = os.fork()
        if self.process == 0:
            os.close(self.pipe)
            try:
                _watch(reader)
            finally:
                os._exit(0)
        os.close(reader)

    def forget(self, leader: int) -> None:
        """A child and all of its group are gone."""
        with contextlib.suppress(OSError):
            os.write(self.pipe, b"-%d\n" % leader)

    def close(self) -> None:
        """End the guard; it ends whatever is left."""
        os.close(self.pipe)
        os.waitpid(self.process, 0)


def _watch(reader: int) -> None:
    os.setsid()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    # Whoever reads the supervisor's output to its end must not wait for us.
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    groups: dict[int, int] = {}
    with os.fdopen(reader, "rb", buffering=0) as lines:
        for line in lines:
            leader, *death_signal = (int(part) for part in line[1:].split())
            if line.startswith(b"+"):
                groups[leader] = death_signal[0]
            else:
                groups.pop(leader, None)
    _end(groups)


def _end(groups: dict[int, int]) -> None:
    """Each by its own signal, the gentle ones (PostgreSQL) last; whoever is left after 5 and 8 s is killed."""
    for leader, number in sorted(groups.items(), key=lambda item: item[1] != signal.SIGKILL):
        signal_group(leader, number)
    for patience, number in ((5.0, signal.SIGQUIT), (3.0, signal.SIGKILL)):
        deadline = time.monotonic() + patience
        while any(signal_group(leader, 0) for leader in groups):
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        for leader in groups:
            signal_group(leader, number)
