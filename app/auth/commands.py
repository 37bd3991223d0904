"""`flask create-user` and its like: who may sign in, from the command line.

flask --app wsgi create-user NAME        the first user of a database without sample data
flask --app wsgi set-password NAME       for somebody who forgot it
flask --app wsgi deactivate-user NAME    signed out everywhere, and not in again
flask --app wsgi activate-user NAME
"""

from collections.abc import Callable

import click
from flask import Flask
from flask.cli import with_appcontext

from app.auth import passwords, queries, sessions
from app.db.errors import ConstraintViolation, DatabaseError
from app.db.transaction import Transaction
from app.http.context import database, settings

_name = click.argument("user_name")
_password = click.password_option(help=f"At least {passwords.MIN_LENGTH} characters.")


def register(app: Flask) -> None:
    """Add the commands."""
    for command in (create_user, set_password, deactivate_user, activate_user):
        app.cli.add_command(command)


@click.command(help="Add a user who may sign in. The password is asked for.")
@_name
@click.option("--role", type=click.Choice(["admin", "staff", "student"]), default="admin")
@click.option("--staff-id", type=int, help="Whom the user is, in the role staff.")
@click.option("--student-id", type=int, help="Whom the user is, in the role student.")
@_password
@with_appcontext
def create_user(user_name: str, password: str, **of: str | int | None) -> None:
    """Store a user, whose role has to fit a person."""
    user = {"user_name": user_name, "password_hash": _hashed(password), **of}
    try:
        _run(lambda tx: queries.insert_user(tx, user))
    except ConstraintViolation as error:
        raise click.ClickException(
            "the name is taken, or --staff-id or --student-id does not fit the role "
            f"({type(error).__name__})"
        ) from None
    click.echo(f"{user_name} ({of['role']}) may sign in now")


@click.command(help="Give a user another password, and sign them out. It is asked for.")
@_name
@_password
@with_appcontext
def set_password(user_name: str, password: str) -> None:
    """Replace a password without knowing the old one."""
    password_hash = _hashed(password)

    def change(tx: Transaction, api_user_id: int) -> None:
        queries.set_password_hash(tx, api_user_id, password_hash)
        sessions.end_all(tx, api_user_id)

    _change(user_name, change)
    click.echo(f"{user_name} has another password and is signed out")


@click.command(help="Sign a user out everywhere, and let them sign in no more.")
@_name
@with_appcontext
def deactivate_user(user_name: str) -> None:
    """Take a user's access away, but for the access tokens that are out."""

    def deactivate(tx: Transaction, api_user_id: int) -> None:
        queries.set_active(tx, api_user_id, active=False)
        sessions.end_all(tx, api_user_id)

    _change(user_name, deactivate)
    seconds = settings().access_token_seconds
    click.echo(f"{user_name} may not sign in; the last access token ends within {seconds} s")


@click.command(help="Let a user sign in again.")
@_name
@with_appcontext
def activate_user(user_name: str) -> None:
    """Give a user's access back."""
    _change(user_name, lambda tx, key: queries.set_active(tx, key, active=True))
    click.echo(f"{user_name} may sign in")


def _hashed(password: str) -> str:
    if not passwords.MIN_LENGTH <= len(password) <= passwords.MAX_LENGTH:
        raise click.ClickException(
            f"use {passwords.MIN_LENGTH} to {passwords.MAX_LENGTH} characters for the password"
        )
    return passwords.hash_password(password)


def _change(user_name: str, change: Callable[[Transaction, int], None]) -> None:
    def unit(tx: Transaction) -> None:
        api_user_id = queries.lock_user_named(tx, user_name)
        if api_user_id is None:
            raise click.ClickException(f"there is no user {user_name}")
        change(tx, api_user_id)

    _run(unit)


def _run(unit: Callable[[Transaction], None]) -> None:
    try:
        database().run_transaction(unit)
    except ConstraintViolation:
        raise
    except DatabaseError as error:
        raise click.ClickException(type(error).__doc__ or str(error)) from None
