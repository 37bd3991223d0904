"""Commands to manage the users of the API.

    .venv/bin/flask --app wsgi create-user NAME      e.g. the first user
    .venv/bin/flask --app wsgi set-password NAME     e.g. for a user who forgot the password
    .venv/bin/flask --app wsgi deactivate-user NAME  revokes all sessions, prevents sign-ins
    .venv/bin/flask --app wsgi activate-user NAME

`make user NAME=...` and `make flask ARGS='set-password ...'` run them with the database of
`make serve` if DATABASE_URL is not set.
"""

from collections.abc import Callable

import click
from flask import Flask
from flask.cli import with_appcontext

from app.auth import passwords, queries, sessions
from app.db.errors import ConstraintViolation, DatabaseError
from app.db.transaction import Transaction
from app.http.context import database, settings

_user_name_argument = click.argument("user_name")
_password_option = click.password_option(
    help=f"{passwords.MIN_LENGTH} to {passwords.MAX_LENGTH} characters."
)


def register(app: Flask) -> None:
    """Add the commands to the application."""
    for command in (create_user, set_password, deactivate_user, activate_user):
        app.cli.add_command(command)


@click.command(help="Create a user of the API. Prompts for the password.")
@_user_name_argument
@click.option(
    "--role",
    type=click.Choice(["admin", "staff", "student"]),
    default="admin",
    show_default=True,
)
@click.option("--staff-id", type=int, help="Member of staff, for the role staff.")
@click.option("--student-id", type=int, help="Student, for the role student.")
@_password_option
@with_appcontext
def create_user(
    user_name: str, password: str, role: str, staff_id: int | None, student_id: int | None
) -> None:
    """Store a new user."""
    user = {
        "user_name": user_name,
        "password_hash": _hash(password),
        "role": role,
        "staff_id": staff_id,
        "student_id": student_id,
    }
    try:
        _run(lambda tx: queries.insert_user(tx, user))
    except ConstraintViolation as error:
        raise click.ClickException(
            "the user name is taken, or --staff-id or --student-id does not match the role "
            f"({type(error).__name__})"
        ) from None
    click.echo(f"created user {user_name} ({role})")


@click.command(help="Set a new password and revoke all sessions. Prompts for the password.")
@_user_name_argument
@_password_option
@with_appcontext
def set_password(user_name: str, password: str) -> None:
    """Replace a password; the current one is not required."""
    password_hash = _hash(password)

    def change(tx: Transaction, api_user_id: int) -> None:
        queries.set_password_hash(tx, api_user_id, password_hash)
        sessions.revoke_all(tx, api_user_id)

    _update_user(user_name, change)
    click.echo(f"password of {user_name} changed, all sessions revoked")


@click.command(help="Revoke all sessions of a user and prevent further sign-ins.")
@_user_name_argument
@with_appcontext
def deactivate_user(user_name: str) -> None:
    """Deactivate a user; access tokens that were already issued stay valid until they expire."""

    def deactivate(tx: Transaction, api_user_id: int) -> None:
        queries.set_active(tx, api_user_id, active=False)
        sessions.revoke_all(tx, api_user_id)

    _update_user(user_name, deactivate)
    seconds = settings().access_token_seconds
    click.echo(f"{user_name} deactivated; the last access token expires within {seconds} s")


@click.command(help="Allow a deactivated user to sign in again.")
@_user_name_argument
@with_appcontext
def activate_user(user_name: str) -> None:
    """Activate a user."""
    _update_user(user_name, lambda tx, key: queries.set_active(tx, key, active=True))
    click.echo(f"{user_name} activated")


def _hash(password: str) -> str:
    """Return the hash of a valid password; raises `ClickException` for its length."""
    if not passwords.MIN_LENGTH <= len(password) <= passwords.MAX_LENGTH:
        raise click.ClickException(
            f"the password must have {passwords.MIN_LENGTH} to {passwords.MAX_LENGTH} characters"
        )
    return passwords.hash_password(password)


def _update_user(user_name: str, update: Callable[[Transaction, int], None]) -> None:
    """Lock a user and apply an update; raises `ClickException` if there is no such user."""

    def transaction(tx: Transaction) -> None:
        api_user_id = queries.lock_user_by_name(tx, user_name)
        if api_user_id is None:
            raise click.ClickException(f"there is no user {user_name}")
        update(tx, api_user_id)

    _run(transaction)


def _run(transaction: Callable[[Transaction], None]) -> None:
    try:
        database().run_transaction(transaction)
    except ConstraintViolation:
        raise
    except DatabaseError as error:
        raise click.ClickException(type(error).__doc__ or str(error)) from None
