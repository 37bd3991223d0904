"""Fills a database in one transaction, so it contains all of the sample data or none.

If the process is killed, the server rolls everything back and the database stays empty. `empty` is
not part of the transaction, because TRUNCATE TABLE commits implicitly; run it again if it was
interrupted.
"""

import secrets
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import argon2
import pymysql
from pymysql.converters import escape_string
from pymysql.cursors import Cursor

from sample_data import curriculum, places
from sample_data.people import People
from sample_data.randomness import REFERENCE
from sample_data.rows import COLUMNS, Row, University

Connection = Any  # of PyMySQL, with any cursor class
Progress = Callable[[int, int], None]  # students stored, total students
SERVICE_TABLES = (
    "course_text", "assessment_result", "course_result", "refresh_token", "idempotency_key",
    "import_progress",
)  # fmt: skip
TABLES = (*COLUMNS, *SERVICE_TABLES)


class DatabaseNotEmpty(Exception):
    """The database already holds rows; nothing was changed."""


@dataclass(frozen=True, slots=True)
class Login:
    """A user of the API, with the new password, which is not stored anywhere."""

    user_name: str
    role: str
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Seeded:
    """The result: the number of rows by table, and the users."""

    rows: dict[str, int]
    logins: list[Login]


def seed(
    connection: Connection, *, students: int = 600, seed: int = 1, progress: Progress | None = None
) -> Seeded:
    """Fill an empty, migrated database.

    The same seed gives the same rows on every machine, except for password hashes. Raises
    `DatabaseNotEmpty` or the driver's error; nothing is stored then.
    """
    stored: Counter[str] = Counter()
    try:
        with connection.cursor(Cursor) as cursor:
            # Rows are computed between statements, and `wait_timeout` may be only seconds.
            cursor.execute("SET SESSION wait_timeout = 28800")
            university = University(seed, places.select(), People(seed), curriculum.compose(seed))
            connection.begin()
            _check_empty(cursor)
            fixed = university.fixed()
            for table in filter(fixed.__contains__, COLUMNS):
                stored[table] += _insert(cursor, table, fixed[table])
            for batch in university.students(students):
                for table, rows in batch.items():
                    stored[table] += _insert(cursor, table, rows)
                if progress:
                    progress(stored["student"], students)
            logins = [Login(role, role, secrets.token_urlsafe(18)) for role in _roles(students)]
            stored["api_user"] = _insert(cursor, "api_user", [_user(login) for login in logins])
        connection.commit()
    except BaseException:
        with suppress(pymysql.MySQLError):
            connection.rollback()
        raise
    with connection.cursor(Cursor) as cursor:
        # The server updates its statistics seconds later. Until then, its plans are for empty
        # tables: MySQL would read all attempts to find those of one student.
        cursor.execute(f"ANALYZE TABLE {', '.join(TABLES)}")
    return Seeded(dict(stored), logins)


def empty(connection: Connection) -> None:
    """Delete all rows of all tables of the service, including users."""
    with connection.cursor(Cursor) as cursor:
        cursor.execute("SET foreign_key_checks = 0")
        try:
            for table in filter(lambda it: _has_rows(cursor, it), TABLES):
                cursor.execute(f"TRUNCATE TABLE {table}")
        finally:
            cursor.execute("SET foreign_key_checks = 1")


def _check_empty(cursor: Cursor) -> None:
    for table in TABLES:
        if _has_rows(cursor, table):
            raise DatabaseNotEmpty(
                f"the table {table} already holds rows; use an empty database, or --replace"
                " to delete everything in this one"
            )


def _has_rows(cursor: Cursor, table: str) -> bool:
    return bool(cursor.execute(f"SELECT 1 FROM {table} LIMIT 1"))  # noqa: S608 - names defined here


def _insert(cursor: Cursor, table: str, rows: list[Row]) -> int:
    if rows:
        ending = f",{_literal(REFERENCE)})"
        values = ",".join(
            ["(" + ",".join([_literal(value) for value in row]) + ending for row in rows]
        )
        cursor.execute(f"INSERT INTO {table} ({COLUMNS[table]}, last_update) VALUES {values}")  # noqa: S608
    return len(rows)


def _literal(value: Any) -> str:
    """Return a value as an SQL literal; faster than PyMySQL, for up to 100 million values."""
    if value is None:
        return "NULL"
    if isinstance(value, str):
        return f"'{escape_string(value)}'"
    if isinstance(value, datetime):
        return f"'{value}'"
    return str(value)  # a number, or TRUE


def _roles(students: int) -> list[str]:
    return ["admin", "staff", "student"] if students else ["admin", "staff"]


def _user(login: Login) -> Row:
    """Return the row of a user; staff and student are those with the key 1."""
    key = ("admin", "staff", "student").index(login.role) + 1
    password_hash = argon2.PasswordHasher().hash(login.password)
    is_staff, is_student = login.role == "staff", login.role == "student"
    return (
        key, login.user_name, password_hash, login.role, 1 if is_staff else None,
        1 if is_student else None, REFERENCE,
    )  # fmt: skip
