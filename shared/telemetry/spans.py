"""Spans, by OpenTelemetry. Imported only when LAPAK_TRACES asks for them: the core does without.

Made by hand rather than by instrumentations: Flask's names the path, which holds references to people, and psycopg's
makes a trace of each look into an empty outbox. No span carries a parameter, a body or the text of an error.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any

import psycopg
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter, SpanExporter
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from shared import VERSION
from shared.telemetry.logs import served

#: How long a span waits for others before they are handed out together, in ms; OTEL_BSP_SCHEDULE_DELAY changes it.
#: The SDK's own 5 s is what a process that is killed would lose.
DELAY = 1000

#: Statements that do nothing by themselves.
_BRACKETS = ("SAVEPOINT", "RELEASE", "ROLLBACK")

_processor: BatchSpanProcessor | None = None
_tracers: dict[str, trace.Tracer] = {}


def start(service: str, process: str, where: str) -> None:
    """Make spans of this service in this process, and hand them to a collector (`otlp`) or a file (`file:FOLDER`)."""
    global _processor  # noqa: PLW0603
    if _processor is None:
        delay = None if os.environ.get("OTEL_BSP_SCHEDULE_DELAY") else DELAY
        _processor = BatchSpanProcessor(_exporter(service, process, where), schedule_delay_millis=delay)
        Finalize(None, flush, exitpriority=1)  # a web worker ends as multiprocessing has it, without `atexit`
    about = {
        "service.namespace": "lapak",
        "service.name": service,
        "service.version": VERSION,
        "service.instance.id": f"{os.uname().nodename}:{os.getpid()}",
        "lapak.process": process,
    }
    provider = TracerProvider(resource=Resource.create(about), shutdown_on_exit=False)
    provider.add_span_processor(_processor)
    _tracers[service] = provider.get_tracer("lapak", VERSION)


def _exporter(service: str, process: str, where: str) -> SpanExporter:
    if where == "otlp":
        return OTLPSpanExporter()
    name = f"{process if process == 'web' else f'{service}-{process}'}-{os.getpid()}.jsonl"
    file = (Path(where.partition(":")[2]) / name).open("a", encoding="utf-8")
    return ConsoleSpanExporter(out=file, formatter=lambda span: span.to_json(indent=None) + "\n")


def flush() -> None:
    """Hand out what is finished."""
    if _processor is not None:
        _processor.force_flush()


@contextmanager
def span(kind: str, name: str, attributes: Mapping[str, Any], parent: str | None) -> Iterator[str]:
    """A span below `parent` (a traceparent that is valid, or None: it begins a trace); gives its own traceparent."""
    options: dict[str, Any] = {"kind": SpanKind[kind.upper()], "attributes": attributes, "links": _cause(parent)}
    # What an error says may name people: only its class is told.
    options |= {"record_exception": False, "set_status_on_exception": False}
    with _tracer().start_as_current_span(name, _context(parent), **options) as begun:
        try:
            yield _traceparent(begun.get_span_context())
        except BaseException as error:
            _fail(begun, type(error).__name__)
            raise


def past_span(
    kind: str, name: str, attributes: Mapping[str, Any], parent: str | None, began: int, failure: str | None
) -> None:
    """A span that began at `began` and ends now."""
    options: dict[str, Any] = {"kind": SpanKind[kind.upper()], "attributes": attributes, "links": _cause(parent)}
    done = _tracer().start_span(name, _context(parent), start_time=began, **options)
    if failure:
        _fail(done, failure)
    done.end(time.time_ns())


def describe(attributes: Mapping[str, Any], failed: bool) -> None:
    """Add to the span at work."""
    at_work = trace.get_current_span()
    at_work.set_attributes(attributes)
    if failed:
        at_work.set_status(Status(StatusCode.ERROR))


def watch(driver: Any) -> None:
    """Have the statements of a psycopg connection be spans."""
    driver.cursor_factory = _Cursor


class _Cursor(psycopg.Cursor[Any]):
    """A statement is a span below the span at work; where none is at work (the relay looks, say) it is none."""

    def execute(self, query: Any, *args: Any, **options: Any) -> Any:
        """Run one statement."""
        text = str(query)
        if text.startswith(_BRACKETS) or not trace.get_current_span().is_recording():
            return super().execute(query, *args, **options)
        text = " ".join(text.split())
        operation, place = text.partition(" ")[0].upper(), self.connection.info.dbname
        told = {"db.system.name": "postgresql", "db.namespace": place, "db.operation.name": operation}
        told["db.query.text"] = text  # placeholders, never values
        with _tracer().start_as_current_span(
            f"{operation} {place}",
            kind=SpanKind.CLIENT,
            attributes=told,
            record_exception=False,
            set_status_on_exception=False,
        ) as begun:
            try:
                return super().execute(query, *args, **options)
            except psycopg.Error as error:
                _fail(begun, error.sqlstate or type(error).__name__)
                raise


def _tracer() -> trace.Tracer:
    return _tracers.get(served()) or next(iter(_tracers.values()))


def _fail(span: Span, what: str) -> None:
    span.set_attribute("error.type", what)
    span.set_status(Status(StatusCode.ERROR))


def _traceparent(context: SpanContext) -> str:
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def _context(parent: str | None) -> Context:
    if parent is None:
        return Context()
    return trace.set_span_in_context(NonRecordingSpan(_read(parent)), Context())


def _read(parent: str) -> SpanContext:
    _, trace_id, span_id, flags = parent.split("-")
    return SpanContext(int(trace_id, 16), int(span_id, 16), is_remote=True, trace_flags=TraceFlags(int(flags, 16)))


def _cause(parent: str | None) -> list[Link]:
    """A link to the span at work, when the new one belongs to another trace: to the pull that brought an event, say."""
    at_work = trace.get_current_span().get_span_context()
    elsewhere = at_work.is_valid and (parent is None or _read(parent).trace_id != at_work.trace_id)
    return [Link(at_work)] if elsewhere else []
