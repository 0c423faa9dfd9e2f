"""Which failures pass by themselves, and which lie in the event."""

from __future__ import annotations

import hashlib
import re
import traceback
from pathlib import Path

import msgspec
import psycopg

from shared.sqlstate import is_of_the_moment

_ROOT = Path(__file__).resolve().parents[2]
_OURS = ("services", "shared")
_FIELD = re.compile(r"\$[A-Za-z0-9_.\[\]]*")
_SUMMARY = re.compile(r"\w+( \([\w.$\[\]]+\))?( at [\w/.]+:\d+ in [\w<>]+)?", re.ASCII)


def is_transient(error: BaseException) -> bool:
    """True when the event is not at fault (see shared/sqlstate.py): to be tried again, never a dead letter.

    A statement that ran into its timeout is not transient: an event that hangs would hang for ever.
    """
    return is_of_the_moment(error)


def describe(error: BaseException) -> str:
    """The error for a dead letter: its summary, then type, message, and where in our code; at most 4,000 characters."""
    short = summary(error)
    details = "".join(traceback.format_exception(error, limit=-6)).replace("\x00", "")
    return f"{short}\n{details[len(short) + 1 - 4000 :]}"


def summary(error: BaseException) -> str:
    """One line that holds no value of the event: class, which field or constraint, where in our code.

    Such as `UniqueViolation (uq_stock_move) at services/inventory/usecases/moves.py:41 in post`.
    """
    cause = getattr(error, "orig", None) or error
    about = getattr(error, "about", None)
    if isinstance(cause, psycopg.Error):
        about = cause.diag.constraint_name
    elif isinstance(cause, msgspec.ValidationError) and (found := _FIELD.search(str(cause))):
        about = found[0]
    return f"{type(cause).__name__}{f' ({about})' if about else ''}{_place(error)}"


def _place(error: BaseException) -> str:
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(_ROOT) and (inside := path.relative_to(_ROOT)).parts[0] in _OURS:
            return f" at {inside.as_posix()}:{frame.lineno} in {frame.name}"
    return ""


def checked_summary(line: str) -> str:
    """A summary read back from where it was kept; `unknown` when it is anything else."""
    return line if _SUMMARY.fullmatch(line) else "unknown"


def fingerprint(error: BaseException) -> str:
    """16 hex digits, equal for the same failure at the same place whatever the values (groups dead letters)."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    about = getattr(error, "about", "")
    where = [f"{type(error).__name__}{about}", *(f"{frame.filename}:{frame.name}" for frame in frames)]
    return hashlib.sha256("|".join(where).encode()).hexdigest()[:16]
