"""Names of residents: encrypted, read only where they may be shown."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from services.training.models import ResidentIdentity
from shared import config


class IdentityUnreadable(Exception):
    """A name was encrypted under a key that LAPAK_IDENTITY_KEYS no longer holds."""


def _keys() -> list[Fernet]:
    return [Fernet(key.strip()) for key in config.get("LAPAK_IDENTITY_KEYS").split(",")]


def vault() -> MultiFernet:
    """Encrypts under the newest key, reads under any."""
    return MultiFernet(_keys())


def newest() -> Fernet:
    """The key under which names are written."""
    return _keys()[0]


def name_of(identity: ResidentIdentity) -> str:
    """The name in clear. Raises IdentityUnreadable."""
    try:
        return vault().decrypt(identity.name_encrypted).decode()
    except InvalidToken:
        raise IdentityUnreadable("put the older key behind the newest in LAPAK_IDENTITY_KEYS") from None
