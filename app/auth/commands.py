"""`flask create-user`: the first user of a database without sample data."""

import click
from flask import Flask

from app.auth import passwords, queries
from app.db.database import Database
from app.db.errors import ConstraintViolation, DatabaseError

SHORTEST_PASSWORD = 12


def register(app: Flask) -> None:
    """Add the command."""

    @app.cli.command("create-user", help="Add a user who may sign in. The password is asked for.")
    @click.argument("user_name")
    @click.option("--role", type=click.Choice(["admin", "staff", "student"]), default="admin")
    @click.option("--staff-id", type=int, help="Whom the user is, in the role staff.")
    @click.option("--student-id", type=int, help="Whom the user is, in the role student.")
    @click.password_option(help=f"At least {SHORTEST_PASSWORD} characters.")
    def create_user(user_name: str, password: str, **of: str | int | None) -> None:
        if len(password) < SHORTEST_PASSWORD:
            raise click.ClickException(f"a password has at least {SHORTEST_PASSWORD} characters")
        database: Database = app.extensions["database"]
        user = {"user_name": user_name, "password_hash": passwords.hashed(password), **of}
        try:
            database.run(lambda tx: queries.insert_user(tx, user))
        except ConstraintViolation as error:
            raise click.ClickException(
                "the name is taken, or --staff-id or --student-id does not fit the role "
                f"({type(error).__name__})"
            ) from None
        except DatabaseError as error:
            raise click.ClickException(type(error).__doc__ or str(error)) from None
        click.echo(f"{user_name} ({of['role']}) may sign in now")
