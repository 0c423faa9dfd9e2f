"""`lapak up` and `lapak down`: the whole system here, under one supervisor."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import click

from shared.local import state
from shared.local.children import die_with_parent
from shared.local.console import Console
from shared.local.home import COMMAND_LINE, ROOT, Home, LocalError, default_home
from shared.local.process import Spec
from shared.local.supervisor import Supervisor, run
from shared.local.system import System, plan

#: A start that takes longer than this has gone wrong; the first one takes a few seconds.
START_PATIENCE = 120.0
#: A process that died so often before it was ready will not come up by itself; the supervisor still tries.
HOPELESS = 4


@click.command()
@click.option("--demo", is_flag=True, help="Then drive the life of one product through it, and stay up.")
@click.option("-d", "--detach", is_flag=True, help="Return when it is ready, and leave it running.")
@click.option("--port", type=click.IntRange(1, 65_535), help="Port of the web server; 8080 or the next free one.")
@click.option("--web-workers", type=click.IntRange(1, 64), help="Web processes (LAPAK_WEB_WORKERS); 1.")
@click.option("--muted", is_flag=True, hidden=True, help="Log to files only.")
def up(demo: bool, detach: bool, port: int | None, web_workers: int | None, muted: bool) -> None:
    """Start PostgreSQL, Redis and the three services here, and stay until Ctrl-C."""
    if parent := os.environ.pop("LAPAK_DIE_WITH", None):
        die_with_parent(signal.SIGTERM, int(parent))
    home = default_home().create()
    if state.is_held(home) and state.is_alive(home):
        sys.exit(_already(home, demo=demo))
    if detach:
        sys.exit(_detach(home, demo=demo, port=port, web_workers=web_workers))
    try:
        with state.held(home):
            sys.exit(_stay(home, demo=demo, port=port, web_workers=web_workers, muted=muted))
    except state.AlreadyRunning:
        sys.exit(_already(home, demo=demo))


def _stay(home: Home, *, demo: bool, port: int | None, web_workers: int | None, muted: bool) -> int:
    state.save(home, {"pid": os.getpid(), "ready": False, "processes": []})
    click.echo(f"Lapak: data in {home.root}" + ("" if home.servers == home.root else f" and {home.servers}"))
    if not (home.servers / "postgres").exists():
        click.echo("making the databases (first start) …")
    system = plan(home, os.environ, port=port, web_workers=web_workers)
    console = Console(home.logs, [spec.name for spec in system.specs], muted=muted)

    def supervisor() -> Supervisor:
        return Supervisor(home, system.specs, console, {"url": system.url, "ports": system.ports})

    async def when_ready(running: Supervisor) -> int:
        console.say(_welcome(system.url))
        return await _run_demo(running, system) if demo else 0

    return run(supervisor, when_ready)


async def _run_demo(running: Supervisor, system: System) -> int:
    spec = Spec("demo", [*COMMAND_LINE, "demo"], once=True, environment=system.environment, folder=ROOT, terminal=True)
    running.console.quiet = True  # the demo draws a table; the logs go on in their files
    code = await running.run_once(spec)
    running.console.quiet = False
    running.console.say("the demo is through; Lapak stays up (Ctrl-C stops it)" if code == 0 else "the demo failed")
    running.about["demo"] = code
    return code


def _welcome(url: str) -> str:
    return f"""
Lapak is ready: {url}

  the shop      {url}/sales/register/         code: ./lapak pair --register OUT-DKR-1
  the workshop  {url}/inventory/terminal/     code: ./lapak pair --terminal WS-RTI
  its staff     {url}/inventory/              code: ./lapak pair --role staff
  the city      {url}/sales/                  code: ./lapak pair --role city
  training      {url}/training/               code: ./lapak pair --role instructor
  the API       {url}/sales/docs, /inventory/docs, /training/docs

Three more to try, in another terminal:
  ./lapak demo                                 the life of one product, from certificate to refund
  ./lapak status                               what runs here, and how much memory it takes
  TOKEN=$(./lapak token --role staff | tail -n 1)
  curl -H "Authorization: Bearer $TOKEN" "{url}/inventory/v1/stock?limit=5"
"""


def _already(home: Home, *, demo: bool) -> int:
    """Say where it runs, wait until it is ready; with --demo run the demo against it."""
    click.echo(f"Lapak already runs in {home.root}")
    return _when_ready(home, demo=demo)


def _detach(home: Home, *, demo: bool, port: int | None, web_workers: int | None) -> int:
    command = [*COMMAND_LINE, "up", "--muted"]
    command += ["--port", str(port)] if port is not None else []
    command += ["--web-workers", str(web_workers)] if web_workers is not None else []
    log = home.logs / "up.log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
    return _when_ready(home, demo=demo, child=child, log=log)


def _when_ready(
    home: Home, *, demo: bool, child: subprocess.Popen[bytes] | None = None, log: Path | None = None
) -> int:
    """Wait for the running supervisor, showing what it waits for. Returns an exit code, with --demo the demo's."""
    deadline = time.monotonic() + START_PATIENCE
    shown = ""
    while not (found := _state_of(home, child)).get("ready"):
        if child is not None and child.poll() is not None:
            raise LocalError(f"it did not start (more in {home.logs}):\n{_why(home, log)}")
        if dying := [p["name"] for p in found.get("processes", []) if p["restarts"] >= HOPELESS]:
            end = (home.logs / f"{dying[0]}.log").read_text(encoding="utf-8", errors="replace")[-2000:]
            raise LocalError(f"{', '.join(dying)} dies again and again; ./lapak down stops the attempts:\n{end}")
        if time.monotonic() > deadline:
            raise LocalError(f"it is not ready after {START_PATIENCE:.0f} s; see {home.logs} and ./lapak status")
        waiting = ", ".join(p["name"] for p in found.get("processes", []) if p["state"] in {"starting", "restarting"})
        if waiting and waiting != shown:
            click.echo(f"waiting for {waiting} …", err=True)
            shown = waiting
        time.sleep(0.1)
    click.echo(_welcome(found["url"]))
    if demo:
        return subprocess.run([*COMMAND_LINE, "demo"], cwd=ROOT, check=False).returncode
    return 0


def _state_of(home: Home, child: subprocess.Popen[bytes] | None) -> dict[str, Any]:
    """What the supervisor says of itself; at first the file still holds the word of the one before."""
    found = state.load(home)
    return found if child is None or found.get("pid") == child.pid else {}


def _why(home: Home, log: Path | None) -> str:
    """The ends of the logs that tell why a detached start failed."""
    failed = [home.logs / f"{p['name']}.log" for p in state.load(home).get("processes", []) if p["state"] == "failed"]
    ends = [path.read_text(encoding="utf-8", errors="replace")[-2000:] for path in [log, *failed] if path is not None]
    return "\n".join(end.strip() for end in ends)


@click.command()
def down() -> None:
    """Stop what runs here, and wait until all of it is gone."""
    home = default_home()
    if not state.is_held(home):
        click.echo("Lapak does not run here")
        return
    process = state.load(home).get("pid")
    if process and state.is_alive(home):
        click.echo("stopping …", err=True)
        os.kill(int(process), signal.SIGTERM)
    deadline = time.monotonic() + 60
    while state.is_held(home) or (process and state.lives(int(process))):
        if time.monotonic() > deadline:
            raise LocalError(f"it still runs (supervisor {process}); see {home.logs / 'supervisor.log'}")
        time.sleep(0.05)
    click.echo("stopped")
