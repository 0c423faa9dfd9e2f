"""The LAPAK_* environment of a local system, for its processes and for commands that talk to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared import needs, redis_acl
from shared.config import SERVICES
from shared.holders import HOLDERS
from shared.local import keys
from shared.local.home import Home, LocalError, read_json

_PUBLIC = "LAPAK_TOKEN_PUBLIC_KEYS"


def is_set(name: str, environ: Mapping[str, str]) -> bool:
    """Whether a setting is given, as itself or as the path of a file."""
    return bool(environ.get(name) or environ.get(f"{name}_FILE"))


@dataclass(frozen=True, slots=True)
class Given:
    """Which servers the environment names already; none is started in their place."""

    postgres: bool
    redis: bool


def given_servers(environ: Mapping[str, str]) -> Given:
    """Raises LocalError when only some of the databases are named, or the keys of only some holders."""
    lacking = [name for name in map(keys.setting_of, HOLDERS) if not is_set(name, environ)]
    if is_set(_PUBLIC, environ) and lacking:
        raise LocalError(f"{_PUBLIC} comes from the environment, so must what signs; missing: {', '.join(lacking)}")
    names = [f"LAPAK_{s.upper()}_{kind}" for s in SERVICES for kind in ("OWNER_DATABASE_URL", "DATABASE_URL")]
    missing = [name for name in names if not is_set(name, environ)]
    if missing and len(missing) < len(names):
        raise LocalError(f"either all databases come from the environment, or none; missing: {', '.join(missing)}")
    return Given(postgres=not missing, redis=is_set("LAPAK_REDIS_URL", environ))


def local_environment(home: Home, ports: Mapping[str, int]) -> dict[str, str]:
    """All settings of the local system; `ports` holds those of `postgres`, `redis` and `web` that are known."""
    secrets = keys.load(home.secrets)
    found = {
        "LAPAK_HOME": str(home.root),
        # By file: a process that is restarted has the keys as they are then (`lapak keys`).
        **{f"{keys.setting_of(holder)}_FILE": str(home.secrets / keys.file_of(holder)) for holder in HOLDERS},
        f"{_PUBLIC}_FILE": str(home.secrets / keys.PUBLIC),
        "LAPAK_IDENTITY_KEYS_FILE": str(home.secrets / "identity_keys"),
    }
    if port := ports.get("postgres"):
        found["LAPAK_POSTGRES_ADMIN_URL"] = f"postgresql://postgres:{secrets['postgres']}@127.0.0.1:{port}/postgres"
        for service in SERVICES:
            for kind, name in (("owner", "OWNER_DATABASE_URL"), ("app", "DATABASE_URL")):
                password = secrets[f"{service}_{kind}"]
                url = f"postgresql://lapak_{service}_{kind}:{password}@127.0.0.1:{port}/lapak_{service}"
                found[f"LAPAK_{service.upper()}_{name}"] = url
    if port := ports.get("redis"):
        found["LAPAK_REDIS_URL"] = f"redis://:{secrets['redis']}@127.0.0.1:{port}/0"
    if port := ports.get("web"):
        found["LAPAK_URL"] = f"http://127.0.0.1:{port}"
        found |= {f"LAPAK_{service.upper()}_URL": f"http://127.0.0.1:{port}/{service}" for service in SERVICES}
    return found


def of_process(home: Home, name: str, environment: Mapping[str, str], redis_port: int | None) -> dict[str, str]:
    """What a process that `up` runs is given: no secret of another; of our own Redis, the login of its kind."""
    found = needs.only_its_own(name, environment)
    user = redis_acl.WEB if name == "web" else name
    if redis_port and user in redis_acl.USERS:
        password = keys.load(home.secrets)[f"redis_{user}"]
        found["LAPAK_REDIS_URL"] = f"redis://{user}:{password}@127.0.0.1:{redis_port}/0"
    return found


def complete(environ: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    """`environ` with what it lacks: what the user has set, also as a file, stays."""
    return {**{name: value for name, value in found.items() if not is_set(name, environ)}, **environ}


def for_command(home: Home, environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a command: of the local system unless all that it needs is given (as in a container)."""
    databases = [f"LAPAK_{service.upper()}_DATABASE_URL" for service in SERVICES]
    wanted = ["LAPAK_TOKEN_PRIVATE_KEY", _PUBLIC, *databases, *(f"LAPAK_{service.upper()}_URL" for service in SERVICES)]
    if all(is_set(name, environ) for name in wanted):
        return dict(environ)
    try:
        home.create()
    except OSError:  # a container that cannot write: what `migrate` is given must do
        if all(is_set(name, environ) for name in databases):
            return dict(environ)
        raise
    return complete(environ, local_environment(home, read_json(home.run / "ports.json")))
