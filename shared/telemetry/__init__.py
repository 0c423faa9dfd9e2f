"""What a process tells about itself while it works: log lines, the trace they belong to, and (if asked for) spans.

`setup` once per process; then `log = logger(__name__)`. Figures are elsewhere: shared/http/metrics.py.
"""

from __future__ import annotations

from shared.telemetry.logs import about, logger, request_id, serving, setup_logging
from shared.telemetry.traces import (
    check_traces,
    continuing,
    current_trace,
    describe_span,
    flush,
    past_span,
    setup_traces,
    span,
    tracing,
    unsampled,
    watch_statements,
)

__all__ = [
    "about",
    "check",
    "continuing",
    "current_trace",
    "describe_span",
    "flush",
    "logger",
    "past_span",
    "request_id",
    "serving",
    "setup",
    "span",
    "tracing",
    "unsampled",
    "watch_statements",
]


def check(service: str, process: str) -> None:
    """Exit with code 2, saying why, when `setup` would: for a server before it forks."""
    setup_logging(service, process)
    check_traces()


def setup(service: str, process: str) -> None:
    """Set up logs and spans of this process, after it was forked; exits with code 2 when spans cannot be had.

    A web process that serves several services calls it for each of them.
    """
    setup_logging(service, process)
    setup_traces(service, process)
