"""Spans on their way to a collector: they leave the process before it ends, and nobody waits for one that hangs."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from shared.local.home import ROOT, free_port
from shared.local.running import Running, running_system
from tests.benchmarks.load import Till, stock_the_shop
from tests.journeys.telling import CALLER, moved, sell
from tests.waiting import PATIENCE, machine

LIMIT = 2.0
SOLD = "lapak.sales.SaleRecorded.v1"


class Collector(ThreadingHTTPServer):
    """What a real one takes: POST /v1/traces. While `hangs` is set it never answers."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Taking)
        self.taken: set[tuple[str, str, str]] = set()  # trace, service, name
        self.hangs = threading.Event()
        self.goes_on = threading.Event()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Taking(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        if self.server.hangs.is_set():
            self.server.goes_on.wait(60)
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            raise AssertionError("not asked for")
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            (service,) = [one.value.string_value for one in resource.resource.attributes if one.key == "service.name"]
            for scope in resource.scope_spans:
                self.server.taken |= {(span.trace_id.hex(), service, span.name) for span in scope.spans}
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    found = Collector()
    yield found
    found.goes_on.set()
    found.shutdown()
    found.server_close()


@pytest.fixture(scope="module")
def system(keys: None, collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    environment = {"LAPAK_TRACES": "otlp", "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url}
    environment |= {"OTEL_BSP_SCHEDULE_DELAY": "600000"}  # nothing leaves by itself
    with running_system(tmp_path_factory.mktemp("exporting"), web_workers=2, environment=environment) as running:
        yield running


ENDED = ("web", "sales-courier", "inventory-worker")


def _end(system: Running) -> None:
    """Ask a process of each kind to end, and see it gone in time, with code 0."""
    pids = {name: pid for name in ENDED if (pid := system.pid(name))}
    assert len(pids) == len(ENDED)
    for name, pid in pids.items():
        with machine() as clock:
            system.kill(name, signal.SIGTERM)
            clock.gone(pid, name, LIMIT)
    for name, pid in pids.items():
        system.wait_ready(name, other_than=pid)
    told = (system.home.logs / "supervisor.log").read_text(encoding="utf-8")
    assert not [line for line in told.splitlines() if line.startswith(ENDED) and "ended with code 0" not in line]


@pytest.fixture(scope="module")
def lot(system: Running) -> str:
    return stock_the_shop(system.url)


@pytest.mark.slow
def test_the_last_spans_of_a_process_reach_the_collector_when_it_ends(
    system: Running, collector: Collector, lot: str
) -> None:
    trace, till = "c" * 32, Till(system.url, 0, lot)
    (sale,) = sell(till, {"traceparent": f"00-{trace}-{CALLER}-01"})
    moved(system, sale)
    assert not [one for one in collector.taken if one[0] == trace]
    _end(system)
    assert {one[1:] for one in collector.taken if one[0] == trace} >= {
        ("sales", "POST /sales/v1/registers/<code>/sales"),
        ("sales", f"send {SOLD}"),
        ("inventory", f"process {SOLD}"),
    }


def test_a_collector_that_hangs_holds_nobody_up(system: Running, collector: Collector, lot: str) -> None:
    moved(system, *sell(Till(system.url, 1, lot)))
    collector.hangs.set()
    _end(system)
    moved(system, *sell(Till(system.url, 2, lot)))


# -- processes that cannot, or need not ------------------------------------------------------------------------

_PROCESSES = {
    "web": ["shared.server", "services.sales.app:create_app"],
    "courier": ["shared.messaging.courier", "services.sales.handlers:consumer"],
    "worker": ["shared.messaging.worker", "services.sales.worker:celery"],
}
_SETTINGS = {
    "LAPAK_SALES_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
    "LAPAK_REDIS_URL": "redis://127.0.0.1:1/0",
    "LAPAK_LOG_FORMAT": "text",
}


def _run(kind: str, **settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *_PROCESSES[kind]]
    command += ["--port", str(free_port())] if kind == "web" else []
    environment = _SETTINGS | settings
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


@pytest.mark.parametrize("kind", _PROCESSES)
def test_without_the_packages_a_process_says_so_in_one_line_and_exits_with_2(kind: str, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import sys\nsys.modules['opentelemetry'] = None\n", encoding="utf-8")
    done = _run(kind, LAPAK_TRACES="otlp", PYTHONPATH=str(tmp_path))
    (line,) = (done.stdout + done.stderr).splitlines()
    assert done.returncode == 2
    assert "LAPAK_TRACES=otlp needs OpenTelemetry: install requirements/tracing.txt" in line


@pytest.mark.parametrize("where", ["jaeger", "file:", "file:/proc/none/spans"])
def test_a_place_that_cannot_be_is_said_in_one_line(where: str) -> None:
    done = _run("web", LAPAK_TRACES=where)
    (line,) = (done.stdout + done.stderr).splitlines()
    assert done.returncode == 2
    assert f"LAPAK_TRACES={where}: " in line


def test_while_it_is_off_nothing_of_opentelemetry_is_needed() -> None:
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "import services.system.wsgi, shared.messaging.worker, shared.messaging.courier\n"
        "from shared import telemetry; telemetry.setup('sales', 'web')\n"
        "with telemetry.span('server', 'x', {}, parent=None): telemetry.describe_span({}, failed=False)\n"
        "print([name for name in sys.modules if name.startswith(('opentelemetry.', 'shared.telemetry.spans'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env={}, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
