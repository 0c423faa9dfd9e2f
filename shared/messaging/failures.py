"""Which failures pass by themselves, and which lie in the event."""

from __future__ import annotations

import hashlib
import traceback

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

#: Deadlock, serialization, lock not available, too many connections, shutdown, disk full: the event is not at fault.
_TRANSIENT_CLASSES = ("08", "40", "53", "57P", "58")
_TRANSIENT_CODES = {"55P03"}


def is_transient(error: BaseException) -> bool:
    """True for connection loss, deadlock and the like: to be tried again, never a dead letter.

    A statement that ran into its timeout (57014) is not transient: an event that hangs would hang for ever.
    """
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return True
    code = getattr(error.orig, "sqlstate", None)
    if code is None:
        return isinstance(error, OperationalError)
    return code in _TRANSIENT_CODES or code.startswith(_TRANSIENT_CLASSES)


def describe(error: BaseException) -> str:
    """The error for a dead letter: type, message, and where in our code, at most 4,000 characters."""
    return "".join(traceback.format_exception(error, limit=-6))[-4000:].replace("\x00", "")


def fingerprint(error: BaseException) -> str:
    """16 hex digits, equal for the same failure at the same place whatever the values (groups dead letters)."""
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    where = [type(error).__name__, *(f"{frame.filename}:{frame.name}" for frame in frames)]
    return hashlib.sha256("|".join(where).encode()).hexdigest()[:16]
