"""What was posted of a sale is known by its digest and sealed: whatever is done to its rows by SQL is named."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from services.system.verify.rows import check_hands, check_table, check_watched, to_compare
from services.system.verify.seals import check_chain
from services.system.verify.snapshots import View, views
from shared.config import SERVICES
from shared.db import Database
from shared.local.cluster import DatabaseUrls, Servers
from shared.local.provision import part, with_database
from shared.messaging.moving import move
from shared.proof.sealing import seal_all
from tests.integration.sales.shop import Shop

TAMPERING = (
    "UPDATE payment SET amount = amount + 1",
    "DELETE FROM payment",
    "UPDATE sale SET business_day = business_day + 1",
    "UPDATE sale_line SET discount_reason = 'x'",
    "UPDATE shift SET opening_float = 7",
    "UPDATE event_log SET traceparent = 'x'",
    "UPDATE outlet SET name = 'x'",
    "DELETE FROM posted WHERE id = (SELECT max(id) FROM posted)",
    "UPDATE watched SET keeps = 'guarded' WHERE table_name = 'shift'",
)


def drift(view: View) -> list[str]:
    """What is named of sales' rows."""
    checks = [check_table(view, "sales", one, None) for one in to_compare(view, "sales")]
    checks += [check_hands(view, "sales"), check_watched(view, "sales"), check_chain(view, "sales", 0)]
    return [line for check in checks for line in check.drift]


@pytest.mark.parametrize("silently", [False, True])
def test_what_is_done_to_posted_rows_by_sql_is_named(
    shop: Shop,
    database_for: Callable[..., Database],
    urls_for: Callable[..., DatabaseUrls],
    servers: Servers,
    silently: bool,
) -> None:
    """By a superuser, with and without triggers."""
    shop.post(shop.sale())
    databases = {service: database_for(service) for service in SERVICES}
    with databases["sales"].transaction() as session:
        move(session)
    seal_all(databases["sales"])
    with views(databases) as lanes:
        assert drift(lanes[0]) == []
    admin = with_database(servers.postgres_url, part(urls_for("sales").owner, "dbname"))
    for statement in TAMPERING:
        with psycopg.connect(admin) as hand:
            if silently:
                hand.execute("SET session_replication_role = replica")
            hand.execute(statement.encode())
            hand.commit()
        with views(databases) as lanes:
            assert drift(lanes[0]), statement
