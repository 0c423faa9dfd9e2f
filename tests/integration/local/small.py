"""`up`, `down` and `status` of a small system: the real servers, and three programs in place of the services.

    python -m tests.integration.local.small up [--port N] …

`web` is a plain web server with a child of its own (as a web server's workers are), `ticker` says something every
now and then, `once` ends by itself before they start.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from shared.cli import __main__ as command_line
from shared.local import home as where
from shared.local import system
from shared.local.process import Spec

_ROOT = Path(__file__).resolve().parents[3]
_WEB = """
import http.server, os, subprocess, sys
subprocess.Popen([sys.executable, "-c", "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(600)"])
class Door(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"{}")
    def log_message(self, *_): pass
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Door).serve_forever()
"""
_TICKER = "import time; print('ticker ready', flush=True)\nwhile True: time.sleep(0.2); print('tick', flush=True)"


def services(
    home: where.Home, environment: dict[str, str], port: int, *, create: bool, redis_port: int | None
) -> list[Spec]:
    """In place of the services' own processes."""
    python = [sys.executable, "-c"]
    once = os.environ.get("SMALL_ONCE", f"print('create: {create}')")
    web, ticker = [*python, _WEB, str(port)], [*python, _TICKER]
    says = system.READY
    return [
        Spec("once", [*python, once], stage=1, once=True, environment=environment, folder=_ROOT),
        Spec("web", web, stage=2, environment=environment, folder=_ROOT, probe=system.answers_200(port, "/")),
        Spec("ticker", ticker, stage=2, stop_order=1, environment=environment, folder=_ROOT, ready_line=says),
    ]


if __name__ == "__main__":
    system.services = services
    where.COMMAND_LINE[:] = [sys.executable, "-m", "tests.integration.local.small"]
    command_line.run()
