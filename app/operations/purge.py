"""`flask purge-expired`: delete expired rows; run it once per day.

Refresh tokens are deleted only when they expire, even if they have been used: the reuse of a used
token is how theft is detected. Stored responses are deleted when clients may no longer retry the
request. Commit tokens are deleted when no process has used them for a day; a process that is still
running inserts its row again. Each transaction deletes at most 1,000 rows, so that locks are held
briefly.
"""

import click
from flask import Flask
from flask.cli import with_appcontext

from app.db.errors import DatabaseError
from app.db.transaction import Params
from app.http.context import database

ROWS_PER_TRANSACTION = 1000
IDEMPOTENCY_KEY_HOURS = 24
COMMIT_TOKEN_HOURS = 24
EXPIRED = {
    "refresh tokens": (
        "DELETE FROM refresh_token WHERE expire_date < NOW() ORDER BY expire_date LIMIT %s",
        (ROWS_PER_TRANSACTION,),
    ),
    "idempotency keys": (
        "DELETE FROM idempotency_key WHERE create_date < NOW() - INTERVAL %s HOUR "
        "ORDER BY create_date LIMIT %s",
        (IDEMPOTENCY_KEY_HOURS, ROWS_PER_TRANSACTION),
    ),
    "commit tokens": (
        "DELETE FROM commit_token WHERE last_update < NOW() - INTERVAL %s HOUR "
        "ORDER BY last_update LIMIT %s",
        (COMMIT_TOKEN_HOURS, ROWS_PER_TRANSACTION),
    ),
}


def register(app: Flask) -> None:
    """Register the command."""
    app.cli.add_command(purge_expired)


@click.command(help="Delete expired refresh tokens, idempotency keys and commit tokens.")
@with_appcontext
def purge_expired() -> None:
    """Delete the expired rows and print their numbers."""
    try:
        for what, (sql, params) in EXPIRED.items():
            click.echo(f"{_delete_all(sql, params)} expired {what} removed")
    except DatabaseError as error:
        raise click.ClickException(type(error).__doc__ or str(error)) from None


def _delete_all(sql: str, params: Params) -> int:
    removed = 0
    while True:
        # Idempotent: deleting rows twice has no further effect.
        count = database().run_transaction(lambda tx: tx.execute(sql, params), idempotent=True)
        removed += count
        if count < ROWS_PER_TRANSACTION:
            return removed
