"""Configuration by environment only: every setting, its default and what it is for.

`docs/configuration.md` is generated from the table below. A setting marked secret may also be given
as `NAME_FILE`, the path of a file that holds it (docker secrets).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

SERVICES = ("training", "inventory", "sales")


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable. `{SERVICE}` in the name stands for TRAINING, INVENTORY or SALES."""

    name: str
    help: str
    default: str | None = None
    secret: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting("LAPAK_{SERVICE}_DATABASE_URL", "The service's database, as its application role.", secret=True),
    Setting(
        "LAPAK_{SERVICE}_OWNER_DATABASE_URL",
        "The same database as the role that owns the tables; only `lapak migrate`, `backup` and `restore` use it.",
        secret=True,
    ),
    Setting(
        "LAPAK_POSTGRES_ADMIN_URL",
        "A superuser's database URL: `lapak migrate --create` and `lapak restore` make databases and roles with it.",
        secret=True,
    ),
    Setting(
        "LAPAK_{SERVICE}_URL",
        "Where the other services reach this one's event feed and console, with its prefix.",
        default="http://127.0.0.1:8080/{service}",
    ),
    Setting(
        "LAPAK_REDIS_URL",
        "Redis, the fast path of the events. It may be lost at any time. `redis://`, `rediss://` (TLS) or "
        "`sentinel://:PASSWORD@HOST:26379,HOST:26379/0?master=NAME`.",
        secret=True,
    ),
    Setting(
        "LAPAK_TOKEN_PRIVATE_KEY",
        "Ed25519 private key (JWK, JSON) of the office: signs tokens of every role. For the command line alone.",
        secret=True,
    ),
    Setting(
        "LAPAK_{SERVICE}_WEB_PRIVATE_KEY",
        "Ed25519 private key of the service's web processes: signs the roles that are paired there (docs/trust.md).",
        secret=True,
    ),
    Setting(
        "LAPAK_{SERVICE}_COURIER_PRIVATE_KEY",
        "Ed25519 private key of the service's courier: asks the other services for their feeds.",
        secret=True,
    ),
    Setting(
        "LAPAK_TOKEN_PUBLIC_KEYS",
        "Ed25519 public keys (JWK set, JSON) that tokens are checked with, each with its `holder` (none: the office). "
        "A holder may have several during a rotation.",
        secret=True,  # it is public, but comes from the same place as the private one
    ),
    Setting(
        "LAPAK_IDENTITY_KEYS",
        "Fernet keys, comma separated, newest first, that encrypt the names of residents. Only training needs them.",
        secret=True,
    ),
    Setting(
        "LAPAK_POSTGRES_CLIENT",
        "Folder of the `pg_dump` and `pg_restore` that `lapak backup` and `restore` call. Empty: of those found, the "
        "ones of the server's version, else the next newer ones.",
        default="",
    ),
    Setting("LAPAK_DISCOUNT_PERCENT", "The most that a register takes off a line, in % of its price.", default="20"),
    Setting("LAPAK_HOME", "Where `lapak up` keeps data, secrets and logs.", default=".lapak"),
    Setting("LAPAK_WEB_WORKERS", "Web processes that `lapak up` starts.", default="1"),
    Setting("LAPAK_WEB_THREADS", "Blocking threads of one web process; its database pool is as large.", default="8"),
    Setting(
        "LAPAK_PROXIES",
        "How many proxies stand in front of the web processes; so many entries of X-Forwarded-For are believed, and "
        "one of X-Forwarded-Proto and -Host each.",
        default="0",
    ),
    Setting(
        "LAPAK_RELAY_POLL_MS", "How often the relay looks into the outbox while there is traffic, in ms.", default="20"
    ),
    Setting(
        "LAPAK_STATEMENT_SECONDS",
        "How long a statement may take, in s; PostgreSQL cuts it off then. A worker or courier whose transaction takes "
        "three times as long ends itself, and PostgreSQL ends one in which nothing happens for so long.",
        default="15",
    ),
    Setting(
        "LAPAK_CELERY_EVENTS",
        "Not empty: workers tell Celery's monitors (Flower) what they do. No event of ours travels by it.",
        default="",
    ),
    Setting(
        "LAPAK_ALIVE",
        "Folder in which each process leaves signs of life for `python -m shared.alive`, the containers' health check.",
        default="",
    ),
    Setting("LAPAK_LOG_LEVEL", "debug, info, warning or error.", default="info"),
    Setting("LAPAK_LOG_FORMAT", "`json` for machines, `text` for people.", default="json"),
    Setting(
        "LAPAK_TRACES",
        "Where spans go: nowhere (empty), `otlp` (to the collector that the variables OTEL_EXPORTER_OTLP_* name) or "
        "`file:FOLDER` (one file per process). Needs requirements/tracing.txt.",
        default="",
    ),
)

_BY_NAME = {setting.name: setting for setting in SETTINGS}


class MissingSetting(Exception):
    """A setting without a default is not in the environment."""


class WrongSetting(MissingSetting):
    """A setting is in the environment and means nothing: as good as missing."""


def is_given(name: str) -> bool:
    """Whether the environment has a variable, as itself or as the path of a file."""
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def get(name: str, service: str | None = None) -> str:
    """The value of a setting of the table above; `service` fills `{SERVICE}`.

    Raises MissingSetting when it is neither in the environment nor has a default.
    """
    setting = _BY_NAME[name]
    variable = name.replace("{SERVICE}", (service or "").upper())
    if (value := os.environ.get(variable)) not in (None, ""):
        return str(value)
    if setting.secret and (path := os.environ.get(f"{variable}_FILE")):
        return Path(path).read_text(encoding="utf-8").strip()
    if setting.default is None:
        hint = f" (or {variable}_FILE)" if setting.secret else ""
        raise MissingSetting(f"set {variable}{hint}: {setting.help}")
    return setting.default.replace("{service}", service or "")
