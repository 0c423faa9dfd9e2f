"""While a database is upgraded, older processes are at work: what a step brings they may use at once, as it is meant.

A function that they call may read a new table from the moment on in which its step is done.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import pool, text

from shared import migrations
from shared.config import SERVICES
from shared.db import engine
from shared.local.cluster import DatabaseUrls
from shared.local.provision import part
from shared.local.schema import metadata_of
from shared.rights import grant_application_role

_LACKING = text("""
    SELECT c.relname FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v') AND c.relname <> 'alembic_version'
       AND NOT has_table_privilege(:role, c.oid, 'SELECT')
     ORDER BY 1
""")
_MAY = text("""
    SELECT c.relname, (aclexplode(c.relacl)).* FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'alembic_version'
""")


@pytest.mark.parametrize("service", SERVICES)
def test_each_step_gives_the_rights_in_what_it_makes(service: str, urls_for: Callable[..., DatabaseUrls]) -> None:
    urls, made = urls_for(service), migrations._config(service)
    role = part(urls.app, "user")
    with engine(urls.owner, poolclass=pool.NullPool).connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
        connection.commit()
        made.attributes["connection"] = connection
        steps = [step.revision for step in ScriptDirectory.from_config(made).walk_revisions()][::-1]
        command.upgrade(made, steps[0])
        tables = set(connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")))
        for metadata in metadata_of(service):
            there = [table for table in metadata.sorted_tables if table.name in tables]
            for table in there:
                connection.execute(text(f'GRANT SELECT, INSERT ON "{table.name}" TO "{role}"'))
        for view in connection.scalars(text("SELECT viewname FROM pg_views WHERE schemaname = 'public'")).all():
            connection.execute(text(f'GRANT SELECT ON "{view}" TO "{role}"'))
        connection.commit()
        for step in steps[1:]:
            command.upgrade(made, step)
            assert connection.scalars(_LACKING, {"role": role}).all() == [], f"after {step}"
            connection.commit()
        new = {row for row in connection.execute(_MAY) if row.relname not in tables}
        grant_application_role(connection, metadata_of(service), role)
        assert new == {row for row in connection.execute(_MAY) if row.relname not in tables}, "neither more nor less"
