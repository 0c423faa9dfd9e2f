"""Starts a service's Celery worker with the flags that belong to it (Celery knows them as options only).

python -m shared.messaging.worker services.sales.worker:celery
"""

from __future__ import annotations

import importlib
import sys
import warnings
from typing import Any

from celery import Celery, bootsteps
from celery.exceptions import SecurityWarning

from shared import alive, config, garbage
from shared.messaging import watchdog
from shared.stopping import end, end_in_time_when_asked
from shared.telemetry import flush

#: No gossip, mingle and heartbeat: pub/sub chatter between workers that nothing here uses, and whose bindings
#: do not come back after Redis was flushed.
FLAGS = ("--without-gossip", "--without-mingle")
#: A monitor takes a worker without heartbeats for dead.
UNWATCHED = ("--without-heartbeat",)


class Beat(bootsteps.StartStopStep):
    """Signs of life out of the loop that takes messages: one that hangs, or that has no Redis, gives none."""

    requires = ("celery.worker.components:Timer",)

    def start(self, parent: Any) -> None:
        """Begin, with the worker."""
        parent.timer.call_repeatedly(1.0, alive.beat, ("worker",))


def main(place: str) -> None:
    """Run until SIGTERM. The batch in hand is then finished and committed, if it can be within 2 s."""
    # Celery warns root because of pickle; only our JSON is accepted here.
    warnings.simplefilter("ignore", SecurityWarning)
    module, _, name = place.partition(":")
    app = getattr(importlib.import_module(module), name)
    if not isinstance(app, Celery):
        raise SystemExit(f"{place} is not a Celery app")
    app.steps["worker"].add(Beat)
    watchdog.arm()
    end_in_time_when_asked()
    garbage.settle()
    code: object = 0
    try:
        flags = FLAGS if app.conf.worker_send_task_events else (*FLAGS, *UNWATCHED)
        app.worker_main(["--quiet", "worker", f"--hostname={app.main}@%h", *flags])
    except SystemExit as ended:
        code = ended.code
    flush()
    end(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except config.MissingSetting as error:
        sys.exit(f"{error}")
