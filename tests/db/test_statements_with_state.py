"""Which statements count as leaving state in their session."""

import pytest

from app.db.session_state import MAX_CACHED_CHARACTERS, StateLeft, shorten, state_left_by

LEAVES_NOTHING = [
    "select 1",
    "\n  (SELECT 1)",
    "/* a comment */ SELECT 1",
    "-- a comment\nSELECT 1",
    "# a comment\nSELECT 1",
    "SELECT @@sql_mode",
    "ROLLBACK TO before_work",
    "ROLLBACK WORK TO SAVEPOINT before_work",
]
RESETTABLE = [
    "",
    "SELECTED",
    "SELECT @tenant",
    "SELECT 5 INTO @tenant",
    "SELECT tenant := 5",
    "select get_lock('job', 0)",
    "UPDATE word SET touched = (@number := @number + 1)",
    "/*! SET @tenant = 5 */ SELECT 1",
    "/*M! SET @tenant = 5 */ SELECT 1",
    "/* a */ SET time_zone = '+05:00' /* b */ SELECT",
    "--1 SELECT",
    "ROLLBACK",
    "COMMIT AND CHAIN",
    "BEGIN",
    "CALL half()",
    "TRUNCATE word",
]
PERMANENT = [
    "USE mysql",
    "set role none",
    "EXECUTE IMMEDIATE 'USE mysql'",
    "DROP DATABASE current_one",
]


@pytest.mark.parametrize("sql", LEAVES_NOTHING)
def test_leaves_nothing(sql):
    assert state_left_by(sql) is StateLeft.NOTHING


@pytest.mark.parametrize("sql", RESETTABLE)
def test_leaves_state_that_a_reset_undoes(sql):
    assert state_left_by(sql) is StateLeft.RESETTABLE


@pytest.mark.parametrize("sql", PERMANENT)
def test_leaves_state_that_a_reset_keeps(sql):
    assert state_left_by(sql) is StateLeft.PERMANENT


@pytest.mark.parametrize(("end", "left"), [("", StateLeft.NOTHING), ("@x", StateLeft.RESETTABLE)])
def test_a_long_statement_is_examined_to_its_end(end, left):
    assert state_left_by("SELECT " + "1, " * MAX_CACHED_CHARACTERS + end) is left


@pytest.mark.parametrize(
    ("sql", "logged"),
    [
        ("SET  @a =\n  'it''s \\' secret'", "SET @a = ??"),
        ('SET @a = "secret", @b = 1', "SET @a = ?, @b = 1"),
        ("SET @a = 'not closed", "SET @a = ?"),
        ("SET " + "@a = 1, " * 100, ("SET " + "@a = 1, " * 100)[:100] + "…"),
    ],
)
def test_a_statement_in_the_log_is_short_and_without_literals(sql, logged):
    assert shorten(sql) == logged
