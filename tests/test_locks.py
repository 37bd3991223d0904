"""Every lock in the code, with what the transaction writes besides.

The nodes of a cluster do not know each other's locks: of two transactions on two nodes that lock
the same row, one is refused only if both write it. The table names for each lock the row that the
transaction writes, and why it always does; tests/cluster/test_write_conflicts.py shows it.
"""

import ast
import re
from pathlib import Path

import pytest

from tests.support.api import ADDRESS, delete, merge_patch
from tests.support.database import query
from tests.support.signing_in import sign_in

PROJECT = Path(__file__).parents[1]
LOCKING = re.compile(
    r"\bFOR (UPDATE|SHARE)\b|\bLOCK IN SHARE MODE\b|\bGET_LOCK\b|\bLOCK TABLES\b|\bversion \+ 1\b"
)

# The function or constant with a lock, by module, and the row that its transaction writes.
LOCKS = {
    ("app.sql.select", "_row_sql"): "see read_with_rule",
    ("app.sql.select", "read_with_rule"): "passes `lock` on; see its callers",
    ("app.http.crud", "lock"): (
        "the row: an update that changes no value decides nothing, and a delete removes it. The"
        " address of a campus, a member of staff and a student: its version always changes"
    ),
    ("app.resources.addresses.queries", "SET"): "address.version",
    ("app.resources.addresses.queries", "delete_with_owner"): "the address or its version",
    ("app.auth.queries", "replace_password_hash"): "api_user.version",
    ("app.auth.queries", "lock_user_by_name"): (
        "the user: a new hash has a new salt; an `active` that does not change decides nothing"
    ),
    ("app.auth.sessions", "rotate"): "refresh_token.use_date, or nothing was decided",
    ("app.resources.students.imports.queries", "lock"): "import_progress.position, by `save`",
    ("app.db.commit_tokens", "READ"): "commit_token.transaction_number, by PREVENT_COMMIT",
    ("migrations.lock", "_get_lock"): "the lease in migration_lock",
    ("migrations.triggers", "replace_trigger"): "the trigger; writes to its table wait",
    ("migrations.versions.0066_ins_attempt", "upgrade"): "assessment_result, as 0049 does",
    ("migrations.versions.0067_upd_assessment", "upgrade"): "assessment_result, see 0054",
    ("migrations.versions.0049_add_attempt", "upgrade"): (
        "assessment_result, as an update of the assessment's pass_score does (0054)"
    ),
}


def locks_of(path):
    """Return the functions and constants of a module whose SQL, or whose arguments, lock rows."""
    module = ".".join(path.relative_to(PROJECT).with_suffix("").parts)
    tree = ast.parse(path.read_text())
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    names = [(None, child) for child in tree.body]
    while names:
        owner, node = names.pop()
        if isinstance(node, ast.FunctionDef):
            owner = node.name
        elif (
            isinstance(node, ast.Assign) and owner is None and isinstance(node.targets[0], ast.Name)
        ):
            owner = node.targets[0].id
        if id(node) not in docstrings and _locks(node):
            yield module, owner
        names += [(owner, child) for child in ast.iter_child_nodes(node)]


def _locks(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return LOCKING.search(node.value)
    return isinstance(node, ast.keyword) and node.arg == "lock"


@pytest.mark.parametrize("folder", ["app", "migrations"])
def test_every_lock_is_in_the_table(folder):
    found = {lock for path in (PROJECT / folder).rglob("*.py") for lock in locks_of(path)}

    assert found == {lock for lock in LOCKS if lock[0].split(".")[0] == folder}


@pytest.fixture
def version_of_address(dba):
    """A function that returns the version of the address of a row."""

    def version(table, key):
        sql = f"SELECT version FROM address JOIN {table} USING (address_id) WHERE {table}_id = %s"
        ((found,),) = query(dba, sql, (key,))
        return found

    return version


@pytest.mark.parametrize(
    ("table", "url", "name"),
    [
        ("student", "/v1/students/2", "last_name"),
        ("staff", "/v1/staff/2", "last_name"),
        ("campus", "/v1/campuses/2", "name"),
    ],
)
def test_a_change_of_the_owner_alone_writes_the_address_too(  # noqa: PLR0917
    table, url, name, client, as_role, version_of_address
):
    before, admin = version_of_address(table, 2), as_role("admin")
    old = client.get(url, headers=admin).json[name]

    for value in ("Changed", old):
        assert merge_patch(client, url, {name: value}, admin).status_code == 200

    assert version_of_address(table, 2) == before + 2


def test_the_deletion_of_an_owner_writes_an_address_that_is_kept(
    client, as_role, dba, version_of_address
):
    admin = as_role("admin")
    body = {"first_name": "S", "last_name": "Shared", "campus_id": 1, "email": "s@shared.example"}
    path = client.post("/v1/students", json={**body, "address": ADDRESS}, headers=admin).location
    campus = "(SELECT address_id FROM campus WHERE campus_id = 1)"
    query(dba, f"UPDATE student SET address_id = {campus} WHERE email = %s", (body["email"],))
    before = version_of_address("campus", 1)

    assert delete(client, path, admin).status_code == 204

    query(dba, "DELETE FROM address WHERE address = %s", (ADDRESS["address"],))
    assert version_of_address("campus", 1) == before + 1


def test_a_sign_in_writes_the_user(app, server, dba):
    user = server.users[0]
    sql = "SELECT version FROM api_user WHERE user_name = %s"
    ((before,),) = query(dba, sql, (user.user_name,))

    sign_in(app.test_client(), user)

    assert query(dba, sql, (user.user_name,)) == ((before + 1,),)


def test_no_statement_changes_a_key():
    """Group Replication rejects ON UPDATE CASCADE in multi-primary mode; nothing depends on it."""
    text = "".join(path.read_text() for path in (PROJECT / "app").rglob("*.py"))
    text = re.sub(r"\{[^{}]*\}", "", text)
    updates = re.findall(r"UPDATE (\w+)\s[^\"]*?\bSET\b([^\"]*)", text)

    assert {table for table, _ in updates} >= {"student", "staff", "campus", "course", "api_user"}
    assert [
        table
        for table, changes in updates
        if re.search(rf"\b{table}_id\s*=", changes.partition("WHERE")[0])
    ] == []
