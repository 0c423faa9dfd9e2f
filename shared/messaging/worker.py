"""Starts a service's Celery worker with the flags that belong to it (Celery knows them as options only).

python -m shared.messaging.worker services.sales.worker:celery
"""

from __future__ import annotations

import importlib
import sys
import warnings

from celery import Celery
from celery.exceptions import SecurityWarning

#: No gossip, mingle and heartbeat: pub/sub chatter between workers that nothing here uses, and whose bindings
#: do not come back after Redis was flushed.
FLAGS = ("--without-gossip", "--without-mingle", "--without-heartbeat")


def main(place: str) -> None:
    """Run until SIGTERM."""
    # Celery warns root because of pickle; only our JSON is accepted here.
    warnings.simplefilter("ignore", SecurityWarning)
    module, _, name = place.partition(":")
    app = getattr(importlib.import_module(module), name)
    if not isinstance(app, Celery):
        raise SystemExit(f"{place} is not a Celery app")
    app.worker_main(["--quiet", "worker", *FLAGS])


if __name__ == "__main__":
    main(sys.argv[1])
