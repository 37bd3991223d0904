"""`flask purge-expired`: removes what nobody can use any more; run it once a day.

Refresh tokens go when they expire, used ones included: until then they are what tells a stolen
token. Stored answers go when their clients may no longer repeat the request. A thousand rows a
unit, so that nobody waits for long.
"""

import click
from flask import Flask
from flask.cli import with_appcontext

from app.db.errors import DatabaseError
from app.db.transaction import Params
from app.http.context import database

ROWS_PER_TRANSACTION = 1000
IDEMPOTENCY_KEY_HOURS = 24
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
}


def register(app: Flask) -> None:
    """Add the command."""
    app.cli.add_command(purge_expired)


@click.command(help="Remove expired refresh tokens and idempotency keys.")
@with_appcontext
def purge_expired() -> None:
    """Say how many rows of each went."""
    try:
        for what, (sql, params) in EXPIRED.items():
            click.echo(f"{_delete_all(sql, params)} expired {what} removed")
    except DatabaseError as error:
        raise click.ClickException(type(error).__doc__ or str(error)) from None


def _delete_all(sql: str, params: Params) -> int:
    removed = 0
    while True:
        # Deleting twice does no harm: what went is gone.
        count = database().run_transaction(lambda tx: tx.execute(sql, params), idempotent=True)
        removed += count
        if count < ROWS_PER_TRANSACTION:
            return removed
