"""Who may write what: the rights of the application's role in a service's database, given by the tables' owner."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, MetaData, Table, text


def grant_application_role(connection: Connection, metadatas: Sequence[MetaData], role: str) -> None:
    """Give the application role its rights: posted tables INSERT and SELECT, owned ones SELECT, all others all four.

    Views it may read: theirs are the rights of who reads (security_invoker). A backup holds no rights of any kind.
    """
    quoted = connection.dialect.identifier_preparer.quote(role)
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {quoted}"))
    for table in _tables(metadatas):
        connection.execute(text(f'REVOKE ALL ON "{table.name}" FROM {quoted}'))
        connection.execute(text(f'GRANT {_rights(table)} ON "{table.name}" TO {quoted}'))
    for view in connection.scalars(text("SELECT quote_ident(viewname) FROM pg_views WHERE schemaname = 'public'")):
        connection.execute(text(f"GRANT SELECT ON {view} TO {quoted}"))
    connection.execute(text(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {quoted}"))
    connection.execute(text(f"GRANT SELECT ON alembic_version TO {quoted}"))


def _tables(metadatas: Sequence[MetaData]) -> list[Table]:
    return [table for metadata in metadatas for table in metadata.sorted_tables]


def _rights(table: Table) -> str:
    owned, posted = (table.info.get(kind) for kind in ("owned", "posted"))
    return "SELECT" if owned else "SELECT, INSERT" if posted else "SELECT, INSERT, UPDATE, DELETE"


#: What a role that works here may not even read: it is new, or was made anew.
_NEW = text("""
    SELECT DISTINCT a.grantee::regrole::text AS role, c.relname AS name, c.relkind = 'v' AS is_view
      FROM pg_class works, aclexplode(works.relacl) a, pg_class c
     WHERE works.oid = to_regclass('outbox') AND a.privilege_type = 'INSERT'
       AND a.grantee NOT IN (0, works.relowner) -- 0: everybody
       AND c.relnamespace = works.relnamespace AND c.relkind IN ('r', 'v')
       AND NOT has_table_privilege(a.grantee, c.oid, 'SELECT')
""")


def grant_what_is_new(connection: Connection, metadatas: Sequence[MetaData]) -> None:
    """Give whoever works here already its rights in what a migration has just made, within its transaction.

    Functions that older code calls may read it from the next moment on.
    """
    rights = {table.name: _rights(table) for table in _tables(metadatas)}
    lacking = connection.execute(_NEW).all()
    for role, name, is_view in lacking:
        if is_view or name in rights:
            connection.execute(text(f'GRANT {"SELECT" if is_view else rights[name]} ON "{name}" TO {role}'))
    for role in {one.role for one in lacking}:
        connection.execute(text(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}"))
