"""Fill the private server with sample data, and remember the users who can sign in.

Their passwords are random and stored nowhere but in `var/sample-users.json`, so that the next
`make serve` can print them again.
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
    """Give the users, after making the data where there are none."""
    with closing(connect(url)) as connection:
        if is_empty(connection):
            say("serve: making sample data, once ...")
            USERS.unlink(missing_ok=True)
            return remember(sample_data.seed(connection))
    return list(json.loads(USERS.read_text())) if USERS.exists() else []


def make_sample(url: str, *, students: int, seed: int, replace: bool) -> None:
    """Make the data as asked for; raises `DatabaseNotEmpty` unless they replace what is there."""
    with closing(connect(url)) as connection:
        if replace:
            sample_data.empty(connection)
            USERS.unlink(missing_ok=True)
        seeded = sample_data.seed(
            connection, students=students, seed=seed, progress=progress_for(students)
        )
    remember(seeded)
    report(seeded)


def remember(seeded: sample_data.Seeded) -> list[User]:
    """Write down who can sign in."""
    users = [
        {"user_name": login.user_name, "role": login.role, "password": login.password}
        for login in seeded.logins
    ]
    write_privately(USERS, json.dumps(users, indent=1) + "\n")
    return users


def connect(url: str) -> "pymysql.Connection[Any]":
    """Open a connection to the database of this URL."""
    place = DatabaseUrl.parse(url)
    return pymysql.connect(
        host=place.host,
        port=place.port,
        user=place.user,
        password=place.password,
        database=place.name,
        charset="utf8mb4",
    )


def is_empty(connection: "pymysql.Connection[Any]") -> bool:
    """Tell whether there are no data yet."""
    with connection.cursor() as cursor:
        return not cursor.execute("SELECT 1 FROM country LIMIT 1")
