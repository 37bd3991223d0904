"""Replaces triggers while others write: each write executes either the old or the new one."""

from alembic import op
from sqlalchemy import inspect


def replace_trigger(name: str, event: str, table: str, body: str) -> None:
    """Create a trigger, such as `AFTER INSERT`, in place of the one of the same name.

    MySQL has no CREATE OR REPLACE TRIGGER; there a lock keeps out writes between two statements.
    Nothing is done if the table does not exist: a killed downgrade has dropped it.
    """
    connection = op.get_bind()
    if not inspect(connection).has_table(table):
        return
    definition = f"TRIGGER {name} {event} ON {table} FOR EACH ROW {body}"
    if connection.dialect.is_mariadb:
        op.execute(f"CREATE OR REPLACE {definition}")
        return
    op.execute(f"LOCK TABLES {table} WRITE")
    try:
        op.execute(f"DROP TRIGGER IF EXISTS {name}")
        op.execute(f"CREATE {definition}")
    finally:
        op.execute("UNLOCK TABLES")
