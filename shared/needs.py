"""Which secrets a kind of process needs. It is handed no other, by the supervisor, compose or swarm.

docs/trust.md says it in words, and `tests/trust` compares with this table what docker-compose.yml and deploy/swarm.yml
hand out.
"""

from __future__ import annotations

from collections.abc import Mapping

from shared.config import SERVICES, SETTINGS

#: By kind of process; `{SERVICE}` stands for its own service (for all, where it serves all).
_NEEDS = {
    "web": ("LAPAK_{SERVICE}_DATABASE_URL", "LAPAK_{SERVICE}_WEB_PRIVATE_KEY", "LAPAK_TOKEN_PUBLIC_KEYS"),
    "worker": ("LAPAK_{SERVICE}_DATABASE_URL", "LAPAK_TOKEN_PUBLIC_KEYS"),
    "courier": ("LAPAK_{SERVICE}_DATABASE_URL", "LAPAK_{SERVICE}_COURIER_PRIVATE_KEY", "LAPAK_TOKEN_PUBLIC_KEYS"),
    "migrate": ("LAPAK_{SERVICE}_DATABASE_URL", "LAPAK_{SERVICE}_OWNER_DATABASE_URL", "LAPAK_POSTGRES_ADMIN_URL"),
}
_REDIS = "LAPAK_REDIS_URL"


def secrets_of(process: str) -> frozenset[str]:
    """The secret settings of a process: `sales-web`, `sales-worker`, …, `migrate`; `web` serves all three."""
    service, _, kind = process.rpartition("-")
    services = [service] if service else SERVICES
    found = {name.replace("{SERVICE}", one.upper()) for name in _NEEDS[kind] for one in services}
    if kind != "migrate":
        found.add(_REDIS)
    if kind == "web" and "training" in services:
        found.add("LAPAK_IDENTITY_KEYS")
    return frozenset(found)


def all_secrets() -> frozenset[str]:
    """All secret settings there are."""
    secret = [setting.name for setting in SETTINGS if setting.secret]
    return frozenset(name.replace("{SERVICE}", service.upper()) for name in secret for service in SERVICES)


def only_its_own(process: str, environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without the secrets that the process does not need."""
    others = all_secrets() - secrets_of(process)
    return {name: value for name, value in environment.items() if name.removesuffix("_FILE") not in others}
