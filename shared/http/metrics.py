"""Figures for Prometheus: those of HTTP, summed over the web workers of a server, and the event plane's.

Below shared/server.py each web worker counts in files of PROMETHEUS_MULTIPROC_DIR, and any one of them tells the sum.
Celery workers and couriers have no port: what they do is read from the service's database.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from pathlib import Path
from typing import IO, NamedTuple

import psutil
from prometheus_client import CollectorRegistry, Counter, Histogram, values
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.exposition import generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy.exc import SQLAlchemyError

from shared import VERSION
from shared.db import Database
from shared.messaging import health as event_plane

__all__ = ["CONTENT_TYPE", "catalogue", "observe", "page", "text"]

_FOLDER = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")


def _place() -> tuple[str, IO[bytes]]:
    """A name that no living worker of the server has, ours as long as the file stays open.

    The lowest one: who begins in the place of a worker that ended goes on with its counters, which so are never lost
    and never more than there are workers.
    """
    for number in count():
        file = Path(_FOLDER, f"{number}.lock").open("ab")  # noqa: SIM115
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
        else:
            return str(number), file
    raise AssertionError


if _FOLDER:
    _name, _held = _place()
    values.ValueClass = values.MultiProcessValue(lambda: _name)  # type: ignore[no-untyped-call]

_HTTP = CollectorRegistry()
_REQUESTS = Counter(
    "lapak_http_requests_total", "Requests answered.", ["service", "method", "route", "status"], registry=_HTTP
)
_SECONDS = Histogram("lapak_http_request_seconds", "Time to answer, in seconds.", ["service", "route"], registry=_HTTP)

_BUILD = "lapak_build_info", "1, with the version that answers."
_STARTED = "lapak_process_start_time_seconds", "When the web server was started, in seconds since 1970."


def observe(service: str, method: str, route: str, status: int, seconds: float) -> None:
    """Count one answered request."""
    _REQUESTS.labels(service, method, route, str(status)).inc()
    _SECONDS.labels(service, route).observe(seconds)


def text(service: str, database: Database) -> bytes:
    """The answer to a scrape of one service; without the event plane's figures while its database is away."""
    registry = CollectorRegistry()
    registry.register(_Scrape(service, database))
    return generate_latest(registry)


class _Scrape:
    def __init__(self, service: str, database: Database) -> None:
        self.service, self.database = service, database

    def collect(self) -> Iterator[Metric]:
        """All figures of the service, each time anew."""
        yield from _of_service(self.service, _of_all_workers() if _FOLDER else _HTTP.collect())
        build = GaugeMetricFamily(*_BUILD, labels=["service", "version"])
        build.add_metric([self.service, VERSION], 1)
        started = GaugeMetricFamily(*_STARTED, labels=["service"])
        started.add_metric([self.service], psutil.Process(os.getppid() if _FOLDER else None).create_time())
        yield from (build, started)
        try:
            with self.database.transaction() as session:
                figures = event_plane.figures(session)
        except SQLAlchemyError:
            return
        for name, (meaning, samples) in figures.items():
            yield _plane_family(name, meaning, self.service, samples)


def _of_all_workers() -> Iterable[Metric]:
    found: Iterable[Metric] = MultiProcessCollector(None, _FOLDER).collect()  # type: ignore[no-untyped-call]
    return found


def _of_service(service: str, families: Iterable[Metric]) -> Iterator[Metric]:
    """Where one server answers for three services, each tells only what is its own."""
    for family in families:
        family.samples = [sample for sample in family.samples if sample.labels.get("service") == service]
        yield family


def _plane_family(name: str, meaning: str, service: str, samples: Mapping[str, float]) -> Metric:
    family_of = CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily
    family = family_of(f"lapak_{name}", meaning, labels=["service", "source"])
    for source, value in samples.items():
        family.add_metric([service, source], value)
    return family


class Described(NamedTuple):
    """A figure as docs/metrics.md has it."""

    name: str
    type: str
    labels: tuple[str, ...]
    meaning: str


def catalogue() -> list[Described]:
    """Every figure that a scrape may tell."""
    found = [
        Described(
            f"{family.name}_total" if family.type == "counter" else family.name,
            family.type,
            metric._labelnames,
            family.documentation,
        )
        for metric in (_REQUESTS, _SECONDS)
        for family in metric.describe()
    ]
    found += [Described(_BUILD[0], "gauge", ("service", "version"), _BUILD[1])]
    found += [Described(_STARTED[0], "gauge", ("service",), _STARTED[1])]
    plane = event_plane.OUTWARD | event_plane.INWARD
    return found + [
        Described(f"lapak_{name}", _plane_family(name, meaning, "", {}).type, ("service", "source"), meaning)
        for name, meaning in plane.items()
    ]


def page(alerts: str) -> str:
    """docs/metrics.md; `alerts` is the text of docs/alerts.yml."""
    users: dict[str, list[str]] = {}
    for rule in re.split(r"^\s*- alert: ", alerts, flags=re.MULTILINE)[1:]:
        expression = rule.partition("\n        for:")[0]
        for name in sorted(set(re.findall(r"\blapak_[a-z_]+", expression))):
            users.setdefault(name, []).append(rule.split()[0])
    rows = []
    for one in catalogue():
        labels, used_by = ", ".join(one.labels), ", ".join(users.get(one.name, ()))
        rows.append(f"| `{one.name}` | {one.type} | {labels} | {one.meaning} | {used_by} |")
    return _HEAD + "\n".join(rows) + "\n"


_HEAD = """# Metrics

Generated from `shared/http/metrics.py`, `shared/messaging/health.py` and `alerts.yml` by `./lapak docs`; do not edit.

What `GET /{service}/metrics` tells Prometheus. `service` is the service that is asked; `source` the one whose events it
receives, or `own` for its own log. The figures of HTTP are the sum over all web workers of the server that answers,
since it began; replicas add up. Those of the event plane are read from the service's database at each scrape: every
replica tells the same. What to do about them stands in [operations.md](operations.md#is-it-well).

| metric | type | labels | what it says | alerts |
|---|---|---|---|---|
"""
