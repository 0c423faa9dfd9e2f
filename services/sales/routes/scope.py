"""What of the facts a token may see: an outlet its own, a register its own, wherever it stood at the time."""

from __future__ import annotations

from typing import Any

from services.sales.usecases import reference
from shared.db import Session
from shared.http import current_token, require_scope


def within(session: Session, fact: Any) -> None:
    """Refuse (403) a fact that lies outside of the token's scope."""
    token = current_token()
    require_scope(register=fact.register, outlet=None if token.register else fact.outlet)
    if token.register:
        reference.check_register(session, register=token.register, outlet=token.outlet)


def narrowed(session: Session, args: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a list, narrowed to what the token may see. Raises Forbidden when they ask for more."""
    token = current_token()
    require_scope(register=args["register"], outlet=None if token.register else args["outlet"])
    if token.register:
        reference.check_register(session, register=token.register, outlet=token.outlet)
        return args | {"register": token.register}
    return args | {"outlet": token.outlet or args["outlet"]}
