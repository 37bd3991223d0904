"""Every table follows the naming rules and types of the Sakila style."""

import re

import pytest

from app.db.url import DatabaseUrl
from tests.support.service import PROJECT

OF_MIGRATIONS = ("alembic_version", "migration_lock")  # not created by a revision
LINK_TABLES = {"course_subject", "course_staff"}
RANDOM_KEYS = {"commit_token"}  # a process chooses the keys of its rows
COPIES = {"course_text"}  # maintained by triggers: the key of the original, no last_update
SUMMARIES = {"assessment_result", "course_result"}  # likewise; deleted with the original
# These columns have a CHECK, which MySQL rejects on a column that a foreign key may change.
RESTRICTED_ON_UPDATE = {"fk_api_user_staff", "fk_api_user_student"}


@pytest.fixture
def fetch(database, schema):
    """A function that queries information_schema; %(name)s is the database's name."""

    def rows(sql):
        database.execute(sql, {"name": DatabaseUrl.parse(schema).name})
        return database.fetchall()

    return rows


@pytest.fixture
def keys(fetch):
    """The columns of each index: {(table, index): [column, ...]}."""
    columns = {}
    for table, index, column in fetch("""
        SELECT table_name, index_name, column_name FROM information_schema.statistics
        WHERE table_schema = %(name)s
          AND table_name NOT IN ('alembic_version', 'migration_lock')
        ORDER BY table_name, index_name, seq_in_index
    """):
        columns.setdefault((table, index), []).append(column)
    return columns


@pytest.fixture
def tables(fetch):
    return {
        table: (engine, collation)
        for table, engine, collation in fetch("""
            SELECT table_name, engine, table_collation FROM information_schema.tables
            WHERE table_schema = %(name)s AND table_type = 'BASE TABLE'
        """)
        if table not in OF_MIGRATIONS
    }


@pytest.fixture
def columns(fetch):
    return [
        row
        for row in fetch("""
            SELECT table_name, column_name, column_type, extra, ordinal_position, data_type
            FROM information_schema.columns WHERE table_schema = %(name)s
            ORDER BY table_name, ordinal_position
        """)
        if row[0] not in OF_MIGRATIONS
    ]


@pytest.fixture
def foreign_keys(fetch):
    return fetch("""
        SELECT u.table_name, u.constraint_name, u.column_name, u.referenced_table_name,
               u.referenced_column_name, r.delete_rule, r.update_rule
        FROM information_schema.key_column_usage AS u
        JOIN information_schema.referential_constraints AS r
          ON r.constraint_schema = u.constraint_schema
          AND r.constraint_name = u.constraint_name AND r.table_name = u.table_name
        WHERE u.table_schema = %(name)s
    """)


def test_every_table_is_innodb_with_the_same_collation(tables):
    assert set(tables.values()) == {("InnoDB", "utf8mb4_unicode_520_ci")}


def test_the_primary_key_is_named_after_its_table_and_is_unsigned_and_auto_increment(
    tables, keys, columns
):
    types = {(table, column): (kind, extra) for table, column, kind, extra, *_ in columns}
    for table in set(tables) - LINK_TABLES - COPIES - SUMMARIES - RANDOM_KEYS:
        key = f"{table}_id"
        assert keys[table, "PRIMARY"] == [key]
        kind, extra = types[table, key]
        assert (table, kind.endswith("unsigned"), extra) == (table, True, "auto_increment")


def test_the_primary_key_of_a_link_table_is_the_pair_of_foreign_keys(keys):
    for link in LINK_TABLES:
        assert keys[link, "PRIMARY"] == [f"{part}_id" for part in link.split("_")]


def test_keys_are_wide_enough_for_a_million_students_with_their_attempts(columns):
    types = {column: kind.split("(")[0].split()[0] for _, column, kind, *_ in columns}

    assert {types[f"{table}_id"] for table in ("address", "student", "enrollment", "attempt")} == {
        "int"
    }


def test_rejected_inserts_cannot_exhaust_the_keys_of_a_table(columns):
    """A rejected or rolled-back insert uses a key up; a TINYINT has only 255."""
    narrow = {(table, column) for table, column, kind, *_ in columns if kind.startswith("tinyint")}

    assert not {(table, column) for table, column in narrow if column.endswith("_id")}


def test_every_column_named_like_a_primary_key_has_a_foreign_key(
    tables, keys, columns, foreign_keys
):
    key_of = {
        keys[table, "PRIMARY"][0]: table for table in set(tables) - LINK_TABLES - COPIES - SUMMARIES
    }
    expected = {
        (table, column)
        for table, column, *_ in columns
        if table in set(tables) - COPIES and key_of.get(column, table) != table
    }

    assert {(table, column) for table, _, column, *_ in foreign_keys} == expected


def test_a_foreign_key_has_the_name_of_the_key_it_references(foreign_keys):
    for table, name, column, referenced, referenced_column, *_ in foreign_keys:
        assert (name, column) == (f"fk_{table}_{referenced}", referenced_column)


def test_foreign_keys_restrict_deletes_and_cascade_updates(foreign_keys):
    for table, name, *_, on_delete, on_update in foreign_keys:
        # MariaDB reports RESTRICT; MySQL may report the same rule as NO ACTION.
        if table in SUMMARIES:
            assert (name, on_delete) == (name, "CASCADE")
        else:
            assert (name, on_delete in {"RESTRICT", "NO ACTION"}) == (name, True)
        if name in RESTRICTED_ON_UPDATE:
            assert on_update in {"RESTRICT", "NO ACTION"}
        else:
            assert (name, on_update) == (name, "CASCADE")


def test_every_foreign_key_has_an_index_and_every_index_is_named_after_its_columns(
    keys, foreign_keys
):
    for table, _, column, *_ in foreign_keys:
        assert (table, column) in {(t, columns[0]) for (t, _), columns in keys.items()}
    referring = {(table, column) for table, _, column, *_ in foreign_keys}
    for (table, name), columns in keys.items():
        joined = "_".join(columns)
        allowed = {"PRIMARY", f"idx_unique_{joined}", f"idx_{joined}"}
        if (table, joined) in referring:
            allowed = {"PRIMARY", f"idx_unique_{joined}", f"idx_fk_{joined}"}
        assert name in allowed, (table, name)


def test_the_last_column_of_every_table_is_an_automatic_last_update(tables, columns):
    last = {}
    for table, column, _, extra, _, kind in columns:
        if table in set(tables) - COPIES - SUMMARIES:
            last[table] = (column, kind, "on update current_timestamp" in extra.lower())

    assert set(last.values()) == {("last_update", "timestamp", True)}


def test_names_are_in_snake_case(tables, columns):
    for name in {*tables, *(column for _, column, *_ in columns)}:
        assert name == name.lower()
        assert name.replace("_", "").replace("2", "").isalpha()


def test_every_view_and_routine_runs_with_the_rights_of_its_caller(fetch):
    security = fetch("""
        SELECT table_name, security_type FROM information_schema.views
        WHERE table_schema = %(name)s
        UNION ALL SELECT routine_name, security_type FROM information_schema.routines
        WHERE routine_schema = %(name)s
    """)

    assert dict(security) == dict.fromkeys(declared_views_and_routines(), "INVOKER")


def declared_views_and_routines():
    text = "".join(path.read_text() for path in PROJECT.glob("migrations/versions/*.py"))
    return re.findall(r"CREATE [A-Z ]*(?:VIEW|FUNCTION|PROCEDURE) (?:IF NOT EXISTS )?(\w+)", text)
