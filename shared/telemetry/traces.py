"""The trace that a request hands on through its events, as W3C traceparent; with LAPAK_TRACES also its spans.

The trace in force is a plain text in a context variable, whether spans are made or not: it is what events and log lines
carry. Spans are OpenTelemetry's (spans.py), which is imported only when they are wanted.
"""

from __future__ import annotations

import importlib
import logging
import os
import random
import re
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import ModuleType
from typing import Any

from shared import config

_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)
_spans: ModuleType | None = None  # shared.telemetry.spans, once they are wanted

#: A process that ends waits so long, in seconds, for its last spans to be taken.
FLUSH = 0.3


class CannotTrace(Exception):
    """LAPAK_TRACES asks for what cannot be had; the message says why, and what to do."""


def current_trace() -> str:
    """The traceparent in force, or of a new trace if there is none. Events published now carry it."""
    return _current.get() or _begun()


def trace_id() -> str | None:
    """The 32 hex digits of the trace in force, if there is one."""
    found = _current.get()
    return found[3:35] if found else None


def unsampled() -> str:
    """A new traceparent that asks for no spans: for what is done again and again."""
    return _begun(flags="00")


def _begun(flags: str = "01") -> str:
    return f"00-{random_hex(16)}-{random_hex(8)}-{flags}"


def random_hex(size: int) -> str:
    """So many random bytes, as hex: an id that may be guessed, without a call of the system. Nothing secret."""
    return f"{random.getrandbits(8 * size):0{2 * size}x}"


def _valid(header: str | None) -> str | None:
    return header if header and _TRACEPARENT.fullmatch(header) else None


@contextmanager
def continuing(header: str | None) -> Iterator[None]:
    """What happens within belongs to the trace of a traceparent, or to a new one when that is none."""
    token = _current.set(_valid(header) or _begun())
    try:
        yield
    finally:
        _current.reset(token)


# -- spans ---------------------------------------------------------------------------------------------------


def setup_traces(service: str, process: str) -> None:
    """Begin to make spans if LAPAK_TRACES says so, else nothing. Exits with code 2 when it cannot be done."""
    global _spans  # noqa: PLW0603  (it is the process that traces or does not)
    if found := check_traces():
        found.start(service, process, config.get("LAPAK_TRACES"))
        _spans = found


def check_traces() -> ModuleType | None:
    """What makes the spans that LAPAK_TRACES asks for, None for none. Exits with code 2 if it cannot be had."""
    where = config.get("LAPAK_TRACES")
    try:
        return _maker(where) if where else None
    except CannotTrace as error:
        logging.getLogger(__name__).critical("%s", error)
        sys.exit(2)


def _maker(where: str) -> ModuleType:
    kind, _, folder = where.partition(":")
    if where != "otlp" and not (kind == "file" and folder):
        raise CannotTrace(f"LAPAK_TRACES={where}: it is empty, `otlp` or `file:FOLDER`")
    try:
        if folder:
            Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
            if not os.access(folder, os.W_OK):
                raise PermissionError(f"{folder} cannot be written to")
        return importlib.import_module("shared.telemetry.spans")
    except ModuleNotFoundError as error:
        raise CannotTrace(
            f"LAPAK_TRACES={where} needs OpenTelemetry: install requirements/tracing.txt ({error})"
        ) from None
    except OSError as error:
        raise CannotTrace(f"LAPAK_TRACES={where}: {error}") from None


def tracing() -> bool:
    """Whether this process makes spans."""
    return _spans is not None


@contextmanager
def span(kind: str, name: str, attributes: Mapping[str, Any], *, parent: str | None) -> Iterator[None]:
    """What happens within is a span (`server`, `client`, `producer`, `consumer`) of the trace of a traceparent.

    It begins a new trace when `parent` is none. While no spans are made this is `continuing`.
    """
    if _spans is None:
        with continuing(parent):
            yield
    else:
        with _spans.span(kind, name, attributes, _valid(parent)) as begun, continuing(begun):
            yield


def past_span(
    kind: str, name: str, attributes: Mapping[str, Any], *, parent: str | None, began: int, failure: str | None = None
) -> None:
    """A span that began at `began` (`time.time_ns`) and ends now; `failure` is the class of the error."""
    if _spans is not None:
        _spans.past_span(kind, name, attributes, _valid(parent), began, failure)


def describe_span(attributes: Mapping[str, Any], *, failed: bool) -> None:
    """Say of the span at work what is known only at its end."""
    if _spans is not None:
        _spans.describe(attributes, failed)


def watch_statements(driver: Any, _record: Any = None) -> None:
    """Have the statements of a new psycopg connection be spans, each below the span at work, if there is one."""
    if _spans is not None:
        _spans.watch(driver)


def flush() -> None:
    """The process ends: hand out the last spans, for 0.3 s at most."""
    if _spans is not None:
        last = threading.Thread(target=_spans.flush, daemon=True)
        last.start()
        last.join(FLUSH)
