"""Makes revisions that change columns and foreign keys repeatable: a killed run may have done it.

A column that a foreign key refers to cannot change its type, so widening a key takes several
revisions: drop the foreign keys, widen the key, widen the referring columns and add their foreign
keys again, each column and its foreign key in one statement.
"""

from alembic import op
from sqlalchemy import text


def type_of(table: str, column: str) -> str | None:
    """Return the type of a column without its length, such as `int`; None if it does not exist."""
    found = op.get_bind().scalar(
        text(
            "SELECT data_type FROM information_schema.columns"
            " WHERE table_schema = DATABASE() AND table_name = :table AND column_name = :column"
        ),
        {"table": table, "column": column},
    )
    return None if found is None else str(found)


def has_foreign_key(table: str, name: str) -> bool:
    """Return whether a table has the foreign key."""
    found = op.get_bind().execute(
        text(
            "SELECT 1 FROM information_schema.referential_constraints"
            " WHERE constraint_schema = DATABASE() AND table_name = :table"
            " AND constraint_name = :name"
        ),
        {"table": table, "name": name},
    )
    return found.first() is not None


def add_column(table: str, column: str, definition: str) -> None:
    """Add a column, if it is missing; only MariaDB has ADD COLUMN IF NOT EXISTS."""
    if type_of(table, column) is None:
        op.execute(f"ALTER TABLE {table} ADD COLUMN {column} {definition}")


def drop_column(table: str, column: str) -> None:
    """Drop a column, if it exists."""
    if type_of(table, column) is not None:
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")


def drop_foreign_key(table: str, referenced: str) -> None:
    """Drop the foreign key to a table, if it exists: only the definition changes."""
    name = f"fk_{table}_{referenced}"
    if has_foreign_key(table, name):
        op.execute(f"ALTER TABLE {table} DROP FOREIGN KEY {name}")


def change_key(table: str, kind: str) -> None:
    """Change the type of a table's key, which no foreign key may refer to."""
    if type_of(table, f"{table}_id") not in {None, kind}:
        op.execute(
            f"ALTER TABLE {table} MODIFY {table}_id {kind.upper()} UNSIGNED NOT NULL AUTO_INCREMENT"
        )


def change_reference(table: str, referenced: str, kind: str) -> None:
    """Change the type of the column that refers to a table, and add the foreign key, if missing."""
    name, column = f"fk_{table}_{referenced}", f"{referenced}_id"
    if type_of(table, column) is not None and not has_foreign_key(table, name):
        op.execute(
            f"ALTER TABLE {table} MODIFY {column} {kind.upper()} UNSIGNED NOT NULL,"
            f" ADD CONSTRAINT {name} FOREIGN KEY ({column})"
            f" REFERENCES {referenced} ({column}) ON DELETE RESTRICT ON UPDATE CASCADE"
        )
