"""Whoever changes what was sold while the courier is away, and nothing is sealed, is named when it has come back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from services.system.demo import reference
from services.system.demo.story import REGISTER
from shared.local.provision import part, with_database
from shared.local.running import Running, frozen
from tests.journeys.conftest import Told

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

#: None changes what a sum or an event says.
TAMPERING = (
    "UPDATE payment SET kind = 'transfer' WHERE sale_id = '{id}'",
    "UPDATE payment SET reference = 'x' WHERE sale_id = '{id}'",
    "UPDATE sale SET business_day = business_day - 1 WHERE id = '{id}'",
    "UPDATE sale_line SET discount_reason = 'x' WHERE sale_id = '{id}'",
    "UPDATE payment SET id = gen_random_uuid() WHERE sale_id = '{id}'",
)

#: As if the courier had been away for long.
LONG_AGO = (
    "UPDATE watched SET since = since - interval '1 hour'",
    "UPDATE event_log SET time = time - interval '2 minutes'",
)


def test_what_is_done_to_sales_while_the_courier_is_away_is_named(start_system: Callable[..., Running]) -> None:
    system = start_system()
    story = Told(system.url)
    reference.load(staff=story.staff, instructor=story.instructor, city=story.city)
    list(story.tell())
    assert system.run("verify").returncode == 0
    with frozen(system.pid("sales-courier")):
        sold = [story._sale(1) for _ in TAMPERING]
        story.register.post(f"/sales/v1/registers/{REGISTER}/sales", {"sales": sold})
        with _superuser(system) as hand:
            for sale, statement in zip(sold, TAMPERING, strict=True):
                assert hand.execute(statement.format(id=sale["id"]).encode()).rowcount == 1
    done = system.run("verify")
    assert done.returncode == 1, done.stdout
    assert [sale["id"] for sale in sold if f" {sale['id']}" not in done.stdout] == [], done.stdout
    with _superuser(system) as hand:
        hand.execute("SET session_replication_role = replica")
        for statement in LONG_AGO:
            hand.execute(statement.encode())
    done = system.run("verify")
    assert re.search(r"^explained: sales: every row as it was posted: sale: \d+ of its rows", done.stdout, re.MULTILINE)


def _superuser(system: Running) -> psycopg.Connection[Any]:
    admin = system.environment["LAPAK_POSTGRES_ADMIN_URL"]
    return psycopg.connect(with_database(admin, part(system.database_url("sales"), "dbname")))
