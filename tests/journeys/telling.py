"""Reading what the processes of a running system have told: log lines and spans."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from shared.jsontext import dumps
from shared.local.running import Running
from tests.benchmarks.load import Till
from tests.waiting import until

#: The processes that are ours and stay.
PROCESSES = (
    "web",
    *(f"{service}-{kind}" for service in ("training", "inventory", "sales") for kind in ("worker", "courier")),
)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"
TRACEPARENT = f"00-{TRACE}-{CALLER}-01"


def lines(system: Running, process: str) -> list[dict[str, Any]]:
    """The log of a process, each line read as JSON. A line that is none fails."""
    text = (system.home.logs / f"{process}.log").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def about(system: Running, process: str, **fields: Any) -> list[dict[str, Any]]:
    """The lines of a process that carry all these fields; there is one at least, within seconds.

    A process writes into a pipe, and the supervisor from there into the file: who was answered may be faster.
    """
    found: list[dict[str, Any]] = []

    def told() -> bool:
        found[:] = [line for line in lines(system, process) if fields.items() <= line.items()]
        return bool(found)

    until(f"a line of {process} with {fields}", told)
    return found


def sell(till: Till, headers: Mapping[str, str] | None = None, *, count: int = 1) -> list[str]:
    """Post sales in one request, with more headers; their ids."""
    sales, own = [till.sale() for _ in range(count)], till.headers
    till.headers = own | dict(headers or {})
    till.post(dumps({"sales": sales}).encode())
    till.headers = own
    return [sale["id"] for sale in sales]


def moved(system: Running, *sales: str) -> None:
    """Wait until inventory has moved the goods of these sales."""
    with psycopg.connect(system.database_url("inventory", owner=True), autocommit=True) as connection:

        def seen() -> bool:
            query = "SELECT count(DISTINCT document_id) FROM stock_move WHERE document_id = ANY(%s::uuid[])"
            found = connection.execute(query, (list(sales),)).fetchone()
            return found == (len(sales),)

        until("stock move", seen)


def logged(system: Running, sale: str) -> tuple[str, int, str]:
    """The event of a sale in the log of sales: (event id, sequence, traceparent)."""
    with psycopg.connect(system.database_url("sales", owner=True), autocommit=True) as connection:
        query = "SELECT event_id::text, seq, traceparent FROM event_log WHERE subject = %s"
        found: tuple[str, int, str] = connection.execute(query, (sale,)).fetchone()  # type: ignore[assignment]
    return found


def spans(folder: Path) -> list[dict[str, Any]]:
    """The finished spans in the files of a folder, with ids as hex, and the process that made each."""
    found = []
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            span = json.loads(line)
            about = span["resource"]["attributes"]
            span |= {"trace": span["context"]["trace_id"][2:], "id": span["context"]["span_id"][2:]}
            span |= {"parent": (span["parent_id"] or "0x")[2:], "kind": span["kind"].removeprefix("SpanKind.")}
            span |= {"by": f"{about['service.name']} {about['lapak.process']}"}
            found.append(span)
    return found
