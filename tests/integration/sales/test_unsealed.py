"""A sale has no digest before it is sealed, and a courier may be away for long: a hand in it is named anyway."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from services.system.verify.rows import check_late
from services.system.verify.snapshots import views
from shared import migrations
from shared.config import SERVICES
from shared.db import Database
from shared.local.cluster import DatabaseUrls, Servers
from shared.local.provision import part, with_database
from shared.messaging.moving import move
from shared.proof.sealing import seal_all
from tests.integration.sales.shop import Shop
from tests.integration.sales.test_proof import drift
from tests.integration.test_watched_tables import STEP, steps_of

#: What a hand does to a sale, and the table in which it is named.
TAMPERING = (
    ("payment", "UPDATE payment SET kind = 'transfer' WHERE sale_id = '{id}'"),
    ("payment", "UPDATE payment SET reference = 'x' WHERE sale_id = '{id}'"),
    ("payment", "UPDATE payment SET id = gen_random_uuid() WHERE sale_id = '{id}'"),
    ("payment", "DELETE FROM payment WHERE sale_id = '{id}'"),
    ("sale", "UPDATE sale SET business_day = business_day - 1 WHERE id = '{id}'"),
    ("sale", "UPDATE sale SET drift = 1 WHERE id = '{id}'"),
    ("sale_line", "UPDATE sale_line SET discount_reason = 'x' WHERE sale_id = '{id}'"),
    ("sale_line", "DELETE FROM sale_line WHERE sale_id = '{id}'"),
)
_WHOLE = "DELETE FROM payment; DELETE FROM sale_line; DELETE FROM sale; DELETE FROM outbox"
_FORGED = """
    UPDATE shift SET opening_float = 7;
    UPDATE posting SET digests = ARRAY(SELECT row_digest(n::text) FROM shift n) WHERE table_name = 'shift'
"""


@pytest.fixture
def databases(database_for: Callable[..., Database]) -> dict[str, Database]:
    """All three; the shop's is that of sales."""
    return {service: database_for(service) for service in SERVICES}


def _drift(databases: dict[str, Database]) -> list[str]:
    """What is named after the courier came back, moved and sealed."""
    with databases["sales"].transaction() as session:
        move(session)
    seal_all(databases["sales"])
    with views(databases) as lanes:
        return drift(lanes[0])


@pytest.fixture
def superuser(urls_for: Callable[..., DatabaseUrls], servers: Servers) -> str:
    """The URL of sales' database for who may do everything."""
    return with_database(servers.postgres_url, part(urls_for("sales").owner, "dbname"))


@pytest.mark.parametrize("may", ["owner", "superuser"])
def test_what_is_done_to_a_sale_before_it_is_sealed_is_named(
    shop: Shop, databases: dict[str, Database], urls_for: Callable[..., DatabaseUrls], superuser: str, may: str
) -> None:
    before = _drift(databases)
    assert before == []
    clean = []
    for table, statement in TAMPERING:
        sale = shop.sale()
        shop.post(sale)
        with psycopg.connect(superuser if may == "superuser" else urls_for("sales").owner) as hand:
            assert hand.execute(statement.format(id=sale["id"]).encode()).rowcount == 1
        now = _drift(databases)
        new = [line for line in now if line not in before]
        if not any(line.startswith(f"{table} {sale['id']}") and ": written by " in line for line in new):
            clean.append(f"{statement}: {new}")
        before = now
    assert not clean, "\n".join(clean)


@pytest.mark.parametrize("statement", [_WHOLE, _FORGED])
def test_so_is_a_whole_sale_that_is_gone_and_a_row_that_was_given_another_digest(
    shop: Shop, databases: dict[str, Database], superuser: str, statement: str
) -> None:
    shop.post(shop.sale())
    with psycopg.connect(superuser) as hand:
        hand.execute(statement.encode())
    assert any(": written by postgres at " in line for line in _drift(databases))


def test_a_migration_that_rewrites_payments_is_no_foreign_hand(
    shop: Shop,
    databases: dict[str, Database],
    urls_for: Callable[..., DatabaseUrls],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where the sales that they belong to are sealed: those are taken as they are found, with them."""
    shop.post(shop.sale())
    assert _drift(databases) == []
    shop.post(shop.sale())
    steps, last = steps_of("sales", tmp_path, monkeypatch), migrations.head("sales")
    rewrites = "op.execute(\"UPDATE payment SET reference = 'x'\")"
    (steps / "9001.py").write_text(STEP.format(revision="9001", before=last, body=rewrites))
    migrations.upgrade("sales", urls_for("sales").owner)
    assert _drift(databases) == []


def test_what_lay_unsealed_for_long_is_told(shop: Shop, databases: dict[str, Database], superuser: str) -> None:
    """Nobody can tell what was done to it with the triggers off."""
    with psycopg.connect(superuser) as hand:  # as if all was two hours ago
        hand.execute("SET session_replication_role = replica")
        hand.execute("UPDATE watched SET since = since - interval '3 hours'")
    shop.post(shop.sale())
    assert _late(databases) == []
    shop.post(shop.sale(), shop.sale())
    with psycopg.connect(superuser) as hand:
        hand.execute("SET session_replication_role = replica")
        hand.execute("UPDATE outbox SET time = time - interval '2 hours'")
    (told,) = _late(databases)
    assert told.startswith("sale: 2 of its rows were sealed more than a minute after they were recorded")


def _late(databases: dict[str, Database]) -> list[str]:
    _drift(databases)
    with views(databases) as lanes:
        return check_late(lanes[0], "sales", None).explained
