"""The keys of campuses and subjects become wider; rows and foreign keys are kept, both ways."""

from contextlib import closing

import pymysql
import pytest
from alembic import command

from tests.support.database import query

BEFORE = "0039-1"  # the revision before the first step
AFTER = "0046"  # the last step; later revisions may add columns
ROWS = (
    "INSERT INTO country (country_id, country) VALUES (1, 'Brazil')",
    "INSERT INTO city (city_id, city, country_id) VALUES (1, 'São Paulo', 1)",
    "INSERT INTO address (address_id, address, district, city_id, phone)"
    " VALUES (1, 'Rua Augusta 1', 'Centre', 1, '+55')",
    "INSERT INTO campus (campus_id, name, address_id) VALUES (255, 'Augusta', 1)",
    "INSERT INTO student (campus_id, first_name, last_name, email, address_id)"
    " VALUES (255, 'João', 'Conceição', 'joao@example.edu', 1)",
    "INSERT INTO staff (campus_id, first_name, last_name, email, address_id)"
    " VALUES (255, 'Ana', 'Lima', 'ana@example.edu', 1)",
    "INSERT INTO course (course_id, title, description) VALUES (7, 'Café Culture', 'On coffee')",
    "INSERT INTO subject (subject_id, name) VALUES (255, 'Gastronomy')",
    "INSERT INTO course_subject (course_id, subject_id) VALUES (7, 255)",
)
REFERRING = {"student": "campus_id", "staff": "campus_id", "course_subject": "subject_id"}
CHANGED = {**REFERRING, "campus": "campus_id", "subject": "subject_id"}


@pytest.fixture
def url(server):
    return server.owner_url(server.create_database())


@pytest.fixture
def root(server, url):
    with closing(server.connect(url)) as connection:
        yield connection


def state(root):
    """Return the types of the keys, and all rows of their tables, without `last_update`."""
    types = {
        query(
            root,
            "SELECT data_type FROM information_schema.columns"
            " WHERE table_schema = DATABASE() AND table_name = %s AND column_name = %s",
            changed,
        )[0][0]
        for changed in CHANGED.items()
    }
    rows = {table: query(root, f"SELECT * FROM {table}") for table in CHANGED}
    return types, {table: [row[:-1] for row in found] for table, found in rows.items()}


def test_rows_and_foreign_keys_are_kept_in_both_directions(alembic, url, root):
    config = alembic(url)
    command.upgrade(config, BEFORE.removesuffix("-1"))
    command.downgrade(config, BEFORE)
    for statement in ROWS:
        query(root, statement)
    types, rows = state(root)
    assert types == {"tinyint"}

    command.upgrade(config, AFTER)
    assert state(root) == ({"int"}, rows)
    check_foreign_keys(root)

    command.downgrade(config, BEFORE)
    assert state(root) == ({"tinyint"}, rows)
    check_foreign_keys(root)


def check_foreign_keys(root):
    for table, column in REFERRING.items():
        with pytest.raises(pymysql.err.IntegrityError, match=f"fk_{table}_"):
            query(root, f"UPDATE {table} SET {column} = 9")
    for table in ("campus", "subject"):
        query(root, f"UPDATE {table} SET {table}_id = 254")  # cascades
        query(root, f"UPDATE {table} SET {table}_id = 255")
        with pytest.raises(pymysql.err.IntegrityError, match=f"fk_\\w+_{table}"):
            query(root, f"DELETE FROM {table}")
