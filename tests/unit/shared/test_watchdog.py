"""A process that hangs ends, whatever it hangs in; one that does not is left alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from shared.local.home import ROOT

_PROGRAM = """
import re, sys, threading, time
from shared.messaging import watchdog

def slow():
    with watchdog.watched():
        {what}

if {armed}:
    watchdog.arm()
thread = threading.Thread(target=slow)
thread.start()
thread.join()
time.sleep(0.4)  # longer than the limit: what is over is not watched any more
print("well")
"""
_HANGS = {"waits": "threading.Event().wait()", "keeps the interpreter": "re.match('(a+)+$', 'a' * 40 + 'b')"}


def _run(what: str, *, armed: bool) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"LAPAK_STATEMENT_SECONDS": "0.1"}
    command = [sys.executable, "-c", _PROGRAM.format(what=what, armed=armed)]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip


@pytest.mark.parametrize("what", _HANGS)
def test_code_that_hangs_ends_its_process_and_says_where(what: str) -> None:
    done = _run(_HANGS[what], armed=True)
    assert done.returncode == -signal.SIGALRM
    assert "in slow" in done.stderr


def test_what_is_quick_or_not_armed_goes_on() -> None:
    assert _run("pass", armed=True).stdout == "well\n"
    assert _run("time.sleep(0.5)", armed=False).stdout == "well\n"
