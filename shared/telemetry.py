"""Logs as JSON lines (or text for people), and the trace that a request hands on through its events."""

from __future__ import annotations

import logging
import re
import secrets
import sys
from contextvars import ContextVar
from typing import Any

import structlog

from shared import config

_TRACEPARENT = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
_current: ContextVar[str | None] = ContextVar("traceparent", default=None)


def setup_logging(service: str, process: str) -> None:
    """One line per record on standard error, naming service and process."""
    as_json = config.get("LAPAK_LOG_FORMAT") == "json"
    level = logging.getLevelNamesMapping().get(config.get("LAPAK_LOG_LEVEL").upper(), logging.INFO)
    steps: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[*steps, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=steps,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for chatty in ("httpx", "httpcore", "celery.worker.strategy", "celery.app.trace", "kombu"):
        logging.getLogger(chatty).setLevel(max(level, logging.WARNING))
    structlog.contextvars.bind_contextvars(service=service, process=process)


def logger(name: str) -> Any:
    """A structured logger: `logger(__name__).info("event text", key=value)`."""
    return structlog.stdlib.get_logger(name)


def begin_trace(header: str | None = None) -> str:
    """Take over the caller's W3C traceparent, or begin one; events published from here on carry it."""
    valid = header is not None and _TRACEPARENT.fullmatch(header) is not None
    trace = header if valid and header else f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"
    _current.set(trace)
    return trace


def current_trace() -> str:
    """The traceparent in force, begun now if there is none."""
    return _current.get() or begin_trace()
