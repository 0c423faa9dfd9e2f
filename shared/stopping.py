"""A process that is asked to end has so long for it, whatever it waits for.

After that it ends hard. To the others this is the same as kill -9: what was not committed is rolled back, and the
cursors still lack it. So nothing is lost or repeated, only the work in hand was in vain.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from typing import NoReturn

from shared.telemetry import logger

log = logger(__name__)

#: Seconds from SIGTERM until a process ends itself. 2 s are promised; on a busy machine the last step takes time too.
PATIENCE = 1.4
SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})
_LAST_LINE = 0.1


def end_in_time_when_asked() -> None:
    """From now on SIGTERM or SIGINT gives this process 1.4 s. Call it in the main thread.

    Handlers stay as they are, also those to come: Python writes the number of each signal into a pipe before any
    handler runs, so also while the main thread hangs in a socket.
    """
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)

    def wait() -> None:
        while os.read(reader, 1)[0] not in SIGNALS:
            pass
        _end()

    threading.Thread(target=wait, name="end in time", daemon=True).start()


def end_in_time() -> None:
    """End this process in 1.4 s, with code 1, if it has not ended before."""
    threading.Thread(target=_end, name="end in time", daemon=True).start()


def end(code: int = 0) -> NoReturn:
    """End now, all being done. To take the interpreter apart first costs up to a second on a busy machine."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _end() -> None:
    time.sleep(PATIENCE)
    # In a thread: whoever hangs may hold the lock of the log, or nobody reads it.
    last = threading.Thread(target=log.warning, args=("not done in time: ends now",), daemon=True)
    last.start()
    last.join(_LAST_LINE)
    os._exit(1)
