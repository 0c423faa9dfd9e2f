"""The courier: one process per service that carries its events outward (relay) and brings the others' (reconciler),
and does the service's chores.

python -m shared.messaging.courier services.sales.handlers:consumer
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from functools import partial

from shared import config, garbage, revision
from shared.db import BY_INDEX, Database
from shared.messaging import chores, watchdog
from shared.messaging.consumer import Consumer
from shared.messaging.presence import connection_name
from shared.messaging.reconciler import Reconciler
from shared.messaging.relay import SESSION_OPTIONS, Relay
from shared.proof.sealing import Sealer
from shared.stopping import SIGNALS, end, end_in_time
from shared.telemetry import flush, logger, setup

log = logger(__name__)


def _find(place: str) -> Consumer:
    module, _, name = place.partition(":")
    found = getattr(importlib.import_module(module), name)
    if not isinstance(found, Consumer):
        raise SystemExit(f"{place} is not a Consumer")
    return found


def _guarded(name: str, loop: Callable[[threading.Event], None], stop: threading.Event) -> threading.Thread:
    def run() -> None:
        while not stop.is_set():
            try:
                loop(stop)
            except Exception:
                # A bug must not leave half a courier running silently: say it, and begin again.
                log.exception("loop failed, begins again", loop=name)
                stop.wait(1.0)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    return thread


def main(place: str) -> None:
    """Run until SIGTERM or SIGINT. What is in hand is then finished and committed, if it can be within 2 s."""
    consumer = _find(place)
    setup(consumer.service, "courier")
    url = config.get("LAPAK_{SERVICE}_DATABASE_URL", consumer.service)
    outward_name, inward_name = (connection_name(consumer.service, part) for part in ("relay", "reconciler"))
    outward = Database(url, pool_size=2, application_name=outward_name, options=SESSION_OPTIONS)
    inward = Database(url, pool_size=3 + len(consumer.chores), application_name=inward_name, options=BY_INDEX)
    relay, reconciler = (
        Relay(consumer.service, outward),
        Reconciler(consumer, inward),
    )
    revision.wait(inward, consumer.service)
    watchdog.arm()
    signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # they wait for sigwait; until here they end us at once
    stop = threading.Event()
    threads = [
        _guarded("relay", relay.run, stop),
        _guarded("reconciler", reconciler.run, stop),
        *(_guarded(one.__name__, partial(chores.keep_at, one, inward), stop) for one in consumer.chores),
        _guarded("sealer", Sealer(inward).run, stop),
    ]
    garbage.settle()
    log.info("courier ready", pid=os.getpid())
    signal.sigwait(SIGNALS)
    end_in_time()
    stop.set()
    for thread in threads:
        thread.join()
    log.info("courier ended")
    flush()
    end()


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except config.MissingSetting as error:
        sys.exit(f"{error}")
