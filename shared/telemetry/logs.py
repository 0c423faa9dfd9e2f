"""Logs: one JSON object per line (or text for people), which says what it is about."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import msgspec
import structlog

from shared import config
from shared.telemetry.traces import random_hex, trace_id

#: Lines written within carry these fields: `with about(source="sales", lo=1): …`.
about = structlog.contextvars.bound_contextvars

_HARMLESS = re.compile(r"[A-Za-z0-9._:-]{1,64}", re.ASCII)
_CHATTY = ("httpx", "httpcore", "urllib3", "celery.worker.strategy", "celery.app.trace", "kombu")
_process: dict[str, str] = {}
_request: ContextVar[tuple[str, str] | None] = ContextVar("request", default=None)


def setup_logging(service: str, process: str) -> None:
    """One line per record on standard error, naming service and process."""
    _process.update(service=service, process=process)
    as_json = config.get("LAPAK_LOG_FORMAT") == "json"
    level = logging.getLevelNamesMapping().get(config.get("LAPAK_LOG_LEVEL").upper(), logging.INFO)
    steps: list[Any] = [
        structlog.contextvars.merge_contextvars,
        say_whose,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    # Our own lines do without the standard library's logging and JSON: a third of the time per line.
    structlog.configure(
        processors=[*steps, _as_json if as_json else _as_text],
        logger_factory=_Lines,
        wrapper_class=structlog.make_filtering_bound_logger(level),  # a line below the level costs next to nothing
        cache_logger_on_first_use=True,
    )
    others: Any = structlog.processors.JSONRenderer() if as_json else _as_text
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=steps,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, others],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)
    sys.excepthook = _died
    threading.excepthook = lambda end: _died(end.exc_type, end.exc_value, end.exc_traceback)


def logger(name: str) -> Any:
    """A structured logger: `logger(__name__).info("event text", key=value)`."""
    return structlog.get_logger(name)


_encoder = msgspec.json.Encoder(enc_hook=repr)


def _as_json(_logger: Any, _method: str, line: structlog.typing.EventDict) -> bytes:
    try:
        return _encoder.encode(line)
    except (ValueError, TypeError, OverflowError):  # a name with a lone surrogate, a number of more than 64 bits
        return json.dumps(line, default=repr).encode()


def _as_text(_logger: Any, _method: str, line: structlog.typing.EventDict) -> str:
    head = f"{line.pop('timestamp')} [{line.pop('level')}] {line.pop('event')}"
    trouble = line.pop("exception", None)
    told = " ".join([head, *(f"{name}={_shown(value)}" for name, value in line.items())])
    return f"{told}\n{trouble}" if trouble else told


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if text.isprintable() and " " not in text else repr(text)


class _Lines(structlog.WriteLogger):
    """Writes on standard error, each line in one piece: by one call of the system, so that no thread waits for another.

    (A write to a file that is appended to, or of up to 4 kB to a pipe, is never mixed with another's.)
    """

    def __init__(self, name: str = "lapak") -> None:
        super().__init__(sys.stderr)
        self.name = name
        try:
            self._place: int | None = sys.stderr.fileno()
        except (OSError, io.UnsupportedOperation):
            self._place = None  # what stands in for it, as in a test

    def msg(self, message: str | bytes) -> None:
        """Write one line."""
        line = message if isinstance(message, bytes) else message.encode("utf-8", "backslashreplace")
        if self._place is None:
            super().msg(line.decode())
        else:
            os.write(self._place, line + b"\n")

    log = debug = info = warn = warning = msg
    fatal = failure = err = error = critical = exception = msg


@contextmanager
def serving(service: str, wanted_id: str | None) -> Iterator[None]:
    """A request to this service is answered within; it keeps the id that the caller gave it, if that is harmless."""
    harmless = wanted_id is not None and _HARMLESS.fullmatch(wanted_id) is not None
    token = _request.set((service, wanted_id if harmless and wanted_id else random_hex(8)))
    try:
        yield
    finally:
        _request.reset(token)


def request_id() -> str | None:
    """The id of the request that is being answered."""
    found = _request.get()
    return found[1] if found else None


def served() -> str:
    """The service at work: the one that is asked, else the process's own."""
    found = _request.get()
    return found[0] if found else _process.get("service", "")


def say_whose(_logger: Any, _method: str, line: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """A processor: service, process, and the request and trace that the line belongs to."""
    for name, value in _process.items():
        line.setdefault(name, value)
    if found := _request.get():
        line["service"], line["request_id"] = found
    if found_trace := trace_id():
        line.setdefault("trace_id", found_trace)
    return line


def _died(kind: Any, error: BaseException | None, place: Any) -> None:
    if kind is not KeyboardInterrupt:
        logger("lapak").critical("ended by an error that nobody handled", exc_info=(kind, error, place))
