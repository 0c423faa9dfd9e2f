"""Logs of the local system: prefixed and coloured on the terminal, and one file per process under `logs/`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import IO

_COLOURS = (36, 33, 32, 35, 34, 96, 93, 92, 95, 94)
MAX_LOG_BYTES = 5_000_000


class LogFile:
    """A log that keeps its size: at 5 MB it becomes `<name>.log.1`, and the older one goes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes] = path.open("ab")

    def write(self, line: bytes) -> None:
        """Append one line, without its end."""
        self._file.write(line + b"\n")
        self._file.flush()
        if self._file.tell() > MAX_LOG_BYTES:
            self._file.close()
            self.path.replace(self.path.with_suffix(".log.1"))
            self._file = self.path.open("ab")

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Console:
    """What people see of a run. Colour only on a terminal; a closed terminal is not an error."""

    def __init__(self, folder: Path, names: list[str], *, muted: bool = False) -> None:
        self._width = max((len(name) for name in names), default=0)
        self._colours = {name: _COLOURS[number % len(_COLOURS)] for number, name in enumerate(names)}
        self._files = {name: LogFile(folder / f"{name}.log") for name in [*names, "supervisor"]}
        self._coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self.muted = muted  # nobody looks: files only
        self.quiet = False

    def line(self, name: str, line: bytes) -> None:
        """One line of a process's output."""
        self._files[name].write(line)
        if self.quiet:
            return
        prefix = f"{name:{self._width}} |"
        if self._coloured:
            prefix = f"\x1b[{self._colours[name]}m{prefix}\x1b[0m"
        self._print(f"{prefix} {line.decode(errors='replace')}")

    def say(self, text: str, *, loud: bool = False) -> None:
        """The supervisor's own words; `loud` ones are also said while the console is quiet."""
        self._files["supervisor"].write(text.encode())
        if loud and self._coloured:
            text = f"\x1b[1;31m{text}\x1b[0m"
        if loud or not self.quiet:
            self._print(text)

    def _print(self, text: str) -> None:
        if self.muted:
            return
        try:
            sys.stdout.write(text + "\n")
            sys.stdout.flush()
        except (OSError, ValueError):  # the terminal or the reader is gone: the files go on
            self.muted = True
