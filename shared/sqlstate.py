"""Whose fault a refusal of the database is: that of what was sent, or of the moment and the place.

By the class of its SQLSTATE (PostgreSQL, appendix A). At fault is what was sent for

    21 more rows than one · 22 data · 23 constraints · 44 check option · 54 too large to be stored
    P0 raised by our own functions · 57014 cut off: whoever hangs once hangs for ever

and for nothing else: 08 connection, 0A (a plan kept from before a migration), 25 read-only, 26 statement forgotten by a
pooler, 28 sign-in, 2B rights, 3D 3F database and schema, 40 deadlock, 42 schema, rights and statement, 53 resources,
55 locks and state, 57 shutdown, 58 disk, F0 settings, XX the server itself. Those pass, or a person mends them; then
the same works.
"""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

CUT_OFF = "57014"
#: Classes and codes that blame what was sent.
_OF_THE_DATA = ("21", "22", "23", "44", "54", "P0", CUT_OFF)


def code_of(error: BaseException) -> str | None:
    """The SQLSTATE of what SQLAlchemy or psycopg raised, if the server has spoken."""
    code = getattr(getattr(error, "orig", None) or error, "sqlstate", None)
    return code if isinstance(code, str) else None


def is_of_the_moment(error: BaseException) -> bool:
    """Whether the same may work later, or elsewhere: connection, locks, resources, rights, schema, read-only."""
    if isinstance(error, PoolTimeout | MemoryError | OSError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return True
    code = code_of(error)
    if code is None:  # psycopg's own: a value that it cannot send is the data's fault
        return isinstance(error, OperationalError)
    return not code.startswith(_OF_THE_DATA)
