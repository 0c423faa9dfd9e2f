"""`lapak test`, `check`, `fix`, `bench`, `chaos`: the tools of the project, with their settings in pyproject.toml."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import click

from shared.local.home import COMMAND_LINE, ROOT

_BIN = Path(sys.executable).parent
_CODE = ("shared", "services", "tests")

CHECKS: dict[str, tuple[str, ...]] = {
    "lint": (str(_BIN / "ruff"), "check", "--quiet", *_CODE),
    "format": (str(_BIN / "ruff"), "format", "--quiet", "--check", *_CODE),
    "types": (str(_BIN / "mypy"), *_CODE),
    "imports": (str(_BIN / "lint-imports"), "--no-logo"),
    "dependencies": (str(_BIN / "deptry"), "--no-ansi", "."),
    "generated pages": (*COMMAND_LINE, "docs", "--check"),
}
FIXES: dict[str, tuple[str, ...]] = {
    "mend": (str(_BIN / "ruff"), "check", "--fix", *_CODE),
    "format": (str(_BIN / "ruff"), "format", *_CODE),
    "generated pages": (*COMMAND_LINE, "docs"),
}


def _steps(steps: dict[str, tuple[str, ...]]) -> None:
    """Run all steps, also after one failed; say which failed; exit 1 then."""
    took: dict[str, tuple[int, float]] = {}
    for name, command in steps.items():
        click.secho(f"— {name}", bold=True)
        began = time.monotonic()
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
        took[name] = code, time.monotonic() - began
    click.echo()
    for name, (code, seconds) in took.items():
        click.secho(
            f"{'ok    ' if code == 0 else 'FAILED'} {name} ({seconds:.1f} s)", fg="green" if code == 0 else "red"
        )
    sys.exit(1 if any(code for code, _ in took.values()) else 0)


def _become(command: list[str]) -> None:
    """Go on as another program: its exit code is ours, and Ctrl-C reaches it alone."""
    sys.stdout.flush()
    os.chdir(ROOT)
    os.execv(command[0], command)


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.option("--all", "everything", is_flag=True, help="Also the tests marked slow.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(everything: bool, arguments: tuple[str, ...]) -> None:
    """Run the tests: pytest, on two workers unless the arguments say otherwise."""
    # By file: what a module starts (a whole running system, in journeys) is started once. See tests/scheduling.py.
    workers = (
        ()
        if any(a.startswith(("-n", "--numprocesses", "--pdb")) for a in arguments)
        else ("-n", "2", "--dist", "loadfile")
    )
    chosen = () if everything or any(a.startswith("-m") for a in arguments) else ("-m", "not slow")
    _become([sys.executable, "-m", "pytest", *workers, *chosen, *arguments])


@click.command()
def check() -> None:
    """Lint, format, types, imports, dependencies, generated pages: all of them, then a summary."""
    _steps(CHECKS)


@click.command()
def fix() -> None:
    """Mend what the linter can mend, format, write the generated pages."""
    _steps(FIXES)


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(arguments: tuple[str, ...]) -> None:
    """Measure, beside a baseline in the same run (docs/performance.md)."""
    _become([sys.executable, "-m", "tests.benchmarks", *arguments])


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def chaos(arguments: tuple[str, ...]) -> None:
    """Break a system under load, and account for every sale (docs/operations.md)."""
    _become([sys.executable, "-m", "tests.chaos", *arguments])
