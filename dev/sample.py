"""Create sample data on the private server, and store the sample users.

Their passwords are random and stored only in `var/sample-users.json`, from which the next
`make serve` prints them again.
"""

import json
from contextlib import closing
from typing import Any

import pymysql

import sample_data
from app.db.url import DatabaseUrl
from dev.environment import VAR
from dev.keep import write_privately
from dev.system_packages import say
from sample_data.__main__ import progress_for, report

USERS = VAR / "sample-users.json"

User = dict[str, str]


def ensure_sample(url: str) -> list[User]:
    """Return the sample users; create the sample data if the database is empty."""
    with closing(connect(url)) as connection:
        if is_empty(connection):
            say("serve: creating sample data (once) ...")
            USERS.unlink(missing_ok=True)
            return store_users(sample_data.seed(connection))
    return list(json.loads(USERS.read_text())) if USERS.exists() else []


def create_sample(url: str, *, students: int, seed: int, replace: bool) -> None:
    """Create sample data; raises `DatabaseNotEmpty` if there are data and `replace` is false."""
    with closing(connect(url)) as connection:
        if replace:
            sample_data.empty(connection)
            USERS.unlink(missing_ok=True)
        seeded = sample_data.seed(
            connection, students=students, seed=seed, progress=progress_for(students)
        )
    store_users(seeded)
    report(seeded)


def store_users(seeded: sample_data.Seeded) -> list[User]:
    """Store the users who can sign in."""
    users = [
        {"user_name": login.user_name, "role": login.role, "password": login.password}
        for login in seeded.logins
    ]
    write_privately(USERS, json.dumps(users, indent=1) + "\n")
    return users


def connect(url: str) -> "pymysql.Connection[Any]":
    """Open a connection to the database at this URL."""
    target = DatabaseUrl.parse(url)
    return pymysql.connect(
        host=target.host,
        port=target.port,
        user=target.user,
        password=target.password,
        database=target.name,
        charset="utf8mb4",
    )


def is_empty(connection: "pymysql.Connection[Any]") -> bool:
    """Return whether the database has no data yet."""
    with connection.cursor() as cursor:
        return not cursor.execute("SELECT 1 FROM country LIMIT 1")
