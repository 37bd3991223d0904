"""Every table obeys the naming rules and types of the schema's style, Sakila's."""

import pytest

from app.db.url import DatabaseUrl

NOT_OURS = "alembic_version"
LINKS = {"course_subject", "course_staff"}
COPIES = {"course_text"}  # kept by triggers: the key of the original, no time of its own
# MySQL allows no CHECK on a column that a foreign key changes; these have one.
UNCHANGEABLE = {"fk_api_user_staff", "fk_api_user_student"}


@pytest.fixture
def ask(database, schema):
    """Ask information_schema about this database; %(name)s is its name."""

    def rows(sql):
        database.execute(sql, {"name": DatabaseUrl.parse(schema).name})
        return database.fetchall()

    return rows


@pytest.fixture
def keys(ask):
    """Columns of each index: {(table, index): [column, ...]}."""
    columns = {}
    for table, index, column in ask("""
        SELECT table_name, index_name, column_name FROM information_schema.statistics
        WHERE table_schema = %(name)s AND table_name <> 'alembic_version'
        ORDER BY table_name, index_name, seq_in_index
    """):
        columns.setdefault((table, index), []).append(column)
    return columns


@pytest.fixture
def tables(ask):
    return {
        table: (engine, collation)
        for table, engine, collation in ask("""
            SELECT table_name, engine, table_collation FROM information_schema.tables
            WHERE table_schema = %(name)s AND table_type = 'BASE TABLE'
        """)
        if table != NOT_OURS
    }


@pytest.fixture
def columns(ask):
    return [
        row
        for row in ask("""
            SELECT table_name, column_name, column_type, extra, ordinal_position, data_type
            FROM information_schema.columns WHERE table_schema = %(name)s
            ORDER BY table_name, ordinal_position
        """)
        if row[0] != NOT_OURS
    ]


@pytest.fixture
def foreign_keys(ask):
    return ask("""
        SELECT u.table_name, u.constraint_name, u.column_name, u.referenced_table_name,
               u.referenced_column_name, r.delete_rule, r.update_rule
        FROM information_schema.key_column_usage AS u
        JOIN information_schema.referential_constraints AS r
          ON r.constraint_schema = u.constraint_schema
          AND r.constraint_name = u.constraint_name AND r.table_name = u.table_name
        WHERE u.table_schema = %(name)s
    """)


def test_every_table_is_innodb_with_one_collation_that_all_servers_know(tables):
    assert set(tables.values()) == {("InnoDB", "utf8mb4_unicode_520_ci")}


def test_the_key_of_a_table_bears_its_name_and_counts_unsigned(tables, keys, columns):
    types = {(table, column): (kind, extra) for table, column, kind, extra, *_ in columns}
    for table in set(tables) - LINKS - COPIES:
        key = f"{table}_id"
        assert keys[table, "PRIMARY"] == [key]
        kind, extra = types[table, key]
        assert (table, kind.endswith("unsigned"), extra) == (table, True, "auto_increment")


def test_a_link_table_has_the_two_keys_for_its_own(keys):
    for link in LINKS:
        assert keys[link, "PRIMARY"] == [f"{part}_id" for part in link.split("_")]


def test_the_keys_hold_a_million_students_with_their_attempts(columns):
    types = {column: kind.split("(")[0].split()[0] for _, column, kind, *_ in columns}

    assert {types[f"{table}_id"] for table in ("address", "student", "enrollment", "attempt")} == {
        "int"
    }


def test_a_foreign_key_bears_the_name_of_the_key_it_refers_to(foreign_keys):
    assert len(foreign_keys) == 21
    for table, name, column, referenced, referenced_column, *_ in foreign_keys:
        assert (name, column) == (f"fk_{table}_{referenced}", referenced_column)


def test_nothing_that_is_referred_to_can_be_deleted_and_changed_keys_are_followed(foreign_keys):
    for _, name, *_, on_delete, on_update in foreign_keys:
        # MariaDB writes RESTRICT, MySQL may write the same as NO ACTION.
        assert (name, on_delete in {"RESTRICT", "NO ACTION"}) == (name, True)
        if name in UNCHANGEABLE:
            assert on_update in {"RESTRICT", "NO ACTION"}
        else:
            assert (name, on_update) == (name, "CASCADE")


def test_every_foreign_key_has_its_index_and_every_index_a_telling_name(keys, foreign_keys):
    for table, _, column, *_ in foreign_keys:
        assert (table, column) in {(t, columns[0]) for (t, _), columns in keys.items()}
    referring = {(table, column) for table, _, column, *_ in foreign_keys}
    for (table, name), columns in keys.items():
        joined = "_".join(columns)
        allowed = {"PRIMARY", f"idx_unique_{joined}", f"idx_{joined}"}
        if (table, joined) in referring:
            allowed = {"PRIMARY", f"idx_unique_{joined}", f"idx_fk_{joined}"}
        assert name in allowed, (table, name)


def test_last_update_is_the_last_column_of_every_table_and_keeps_itself(tables, columns):
    last = {}
    for table, column, _, extra, _, kind in columns:
        if table in set(tables) - COPIES:
            last[table] = (column, kind, "on update current_timestamp" in extra.lower())

    assert set(last.values()) == {("last_update", "timestamp", True)}


def test_names_are_words_in_snake_case(tables, columns):
    for name in {*tables, *(column for _, column, *_ in columns)}:
        assert name == name.lower()
        assert name.replace("_", "").replace("2", "").isalpha()


def test_no_view_or_routine_depends_on_the_account_that_made_it(ask):
    security = ask("""
        SELECT table_name, security_type FROM information_schema.views
        WHERE table_schema = %(name)s
        UNION ALL SELECT routine_name, security_type FROM information_schema.routines
        WHERE routine_schema = %(name)s
    """)

    assert len(security) == 7
    assert {kind for _, kind in security} == {"INVOKER"}
