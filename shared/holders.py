"""Who holds a key that signs tokens, which roles it may sign, and where it is believed: one table for all services.

A taken-over process signs with what it holds; so much, and no more, can it make the others believe (docs/trust.md).
"""

from __future__ import annotations

from typing import Final, Literal

from shared.config import SERVICES

#: The command line's key: signs every role. No process that runs on holds it.
OFFICE: Final = "office"
#: The service whose devices page and `lapak pair` let a role in; its web processes sign that role, for all services.
HOMES: Final[dict[str, str]] = {
    "register": "sales",
    "outlet": "sales",
    "city": "sales",
    "treasurer": "sales",
    "terminal": "inventory",
    "staff": "inventory",
    "instructor": "training",
}
#: Roles that each service lets in for itself alone.
ANYWHERE: Final = ("auditor", "operator")
#: The service whose operator's page asks the consoles of the others.
WATCHES: Final = "sales"
#: Roles that read the names of residents: let in by one who has the role already, or from the command line.
READS_NAMES: Final = frozenset({"instructor"})

#: How far a token is believed: as it stands, or for looking at the redacted console of events only.
Reach = Literal["all", "console"]


def web(service: str) -> str:
    """The holder of the key that signs what is paired at a service."""
    return f"{service}-web"


def courier(service: str) -> str:
    """The holder of the key with which a service asks the others for their feeds."""
    return f"{service}-courier"


#: All holders. A key that names none is one of before they were told apart: the office's.
HOLDERS: Final = (OFFICE, *map(web, SERVICES), *map(courier, SERVICES))


def paired_at(service: str) -> tuple[str, ...]:
    """The roles that a service lets in, those of its own first."""
    return (*(role for role, home in HOMES.items() if home == service), *ANYWHERE)


def lets_in(holder: str, role: str, *, at: str) -> tuple[str, ...]:
    """The roles for which somebody of this role may make a code at the service `at`.

    An operator sees no business data and no names, so may make no code that would show them names.
    """
    here = paired_at(at)
    if role == "operator":
        return here if holder == OFFICE else tuple(one for one in here if one not in READS_NAMES)
    return (role,) if role in READS_NAMES and role in here else ()


def reach(holder: str, role: str, *, at: str, service: str | None = None) -> Reach | None:
    """How far the service `at` believes a token of this role that `holder` signed; None: not at all.

    `service`: which one a token of role `service` speaks for.
    """
    if holder == OFFICE:
        return "all"
    if holder not in HOLDERS:
        return None
    signer, _, kind = holder.rpartition("-")
    if kind == "courier":
        return "all" if role == "service" and service == signer else None
    if HOMES.get(role) == signer or (role in ANYWHERE and signer == at):
        return "all"
    return "console" if role in ANYWHERE and signer == WATCHES else None
