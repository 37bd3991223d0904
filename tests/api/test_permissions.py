"""docs/permissions.md says who may do what; every cell of its table is tried."""

import re

import pytest

from app.auth import tokens
from app.auth.caller import Caller
from tests.api.catalog import listed, operations, valid_body
from tests.support.database import query, settings_for
from tests.support.service import PROJECT

OPERATIONS = {f"{it.method.upper()} {it.path}": it for it in operations()}
ROW = re.compile(r"^\| `(\w+ [^`]+)` \|(.*)\|$", re.MULTILINE)
TABLE = {
    operation: [cell.strip() for cell in cells.split("|")]
    for operation, cells in ROW.findall((PROJECT / "docs/permissions.md").read_text())
}
COLUMNS = [("admin", 1), ("staff", 1), ("staff", 0), ("student", 1), ("student", 0)]
CELLS = [
    pytest.param(
        operation, role, own, cell, id=f"{operation}, {role}, {'own' if own else 'others'}"
    )
    for operation, cells in TABLE.items()
    for (role, own), cell in zip(COLUMNS, cells, strict=True)
]

# What says that somebody was admitted, where it is neither success nor 412.
ADMITTED = {"PUT /v1/users/me/password": 422}  # the example is nobody's password
# Whose a row is, by the name of its key and by role: the caller's (1), or not (0).
TAUGHT = "SELECT course_id FROM course_staff WHERE staff_id = %(staff_id)s"
OF_CAMPUS = "SELECT student_id FROM student WHERE campus_id = %(campus_id)s"
REACHED = f"(student_id IN ({OF_CAMPUS}) OR course_id IN ({TAUGHT}))"
OWNED = {
    ("campus_id", "staff"): "campus_id = %(campus_id)s",
    ("campus_id", "student"): "campus_id = (SELECT campus_id FROM student "
    "WHERE student_id = %(student_id)s)",
    ("staff_id", "staff"): "campus_id = %(campus_id)s",
    ("student_id", "staff"): "campus_id = %(campus_id)s",
    ("student_id", "student"): "student_id = %(student_id)s",
    ("course_id", "staff"): f"course_id IN ({TAUGHT})",
    ("chapter_id", "staff"): f"course_id IN ({TAUGHT})",
    ("assessment_id", "staff"): "chapter_id IN "
    f"(SELECT chapter_id FROM chapter WHERE course_id IN ({TAUGHT}))",
    ("enrollment_id", "staff"): REACHED,
    ("enrollment_id", "student"): "student_id = %(student_id)s",
    ("attempt_id", "staff"): f"enrollment_id IN (SELECT enrollment_id FROM enrollment "
    f"WHERE {REACHED})",
    ("attempt_id", "student"): "enrollment_id IN "
    "(SELECT enrollment_id FROM enrollment WHERE student_id = %(student_id)s)",
}


@pytest.fixture(scope="module")
def callers(server, migrated):
    """The sample user of each role."""
    with server.connect(migrated) as root:
        names = ("api_user_id", "role", "campus_id", "student_id", "staff_id")
        sql = (
            "SELECT api_user_id, role, campus_id, student_id, staff_id "
            "FROM api_user LEFT JOIN staff USING (staff_id)"
        )
        return {row[1]: dict(zip(names, row, strict=True)) for row in query(root, sql)}


@pytest.fixture
def key_of(root, callers, role, own):
    """Gives a key by its name: of a row that is the caller's own, or of one that is not."""

    def find(name):
        rule = OWNED.get((name, role), "TRUE")
        wanted = rule if own or rule == "TRUE" else f"NOT ({rule})"
        table = name.removesuffix("_id")
        sql = f"SELECT {name} FROM {table} WHERE {wanted} ORDER BY {name} LIMIT 1"
        return query(root, sql, callers[role])[0][0]

    return find


@pytest.fixture
def ask(client, callers, role, key_of, as_role):
    """Sends a valid request of the role; a change names an ETag that does not fit."""

    def send(operation):
        endpoint = OPERATIONS[operation]
        path = re.sub(r"{(\w+)}", lambda name: str(key_of(name[1])), endpoint.path)
        body = _body(endpoint, key_of)
        headers = {"Authorization": f"Bearer {_token(callers[role])}", "If-Match": '"another"'}
        kind = "application/merge-patch+json" if endpoint.declared.patch else None
        method = endpoint.method.upper()
        answer = client.open(path, method=method, json=body, content_type=kind, headers=headers)
        if answer.status_code == 201 and "Location" in answer.headers:
            place, etag = answer.headers["Location"], {"If-Match": "*"}
            assert client.delete(place, headers=as_role("admin") | etag).status_code == 204
        return answer

    return send


def _body(endpoint, key_of):
    if endpoint.declared.body is None:
        return {} if endpoint.declared.patch else None
    body = valid_body(endpoint.declared.body)
    return body | {name: key_of(name) for name in body if name.endswith("_id")}


def _token(row):
    return tokens.issue(Caller.from_row(row), settings_for("mysql://nobody@127.0.0.1:1/nothing"))


def keys_shown(client, endpoint, row):
    """All keys in a list, as its caller sees it."""
    headers = {"Authorization": f"Bearer {_token(row)}"}
    path, name = f"{endpoint.path}?limit=100", _key_name(endpoint)
    while path:
        page = client.get(path, headers=headers).json
        yield from (item[name] for item in page["items"])
        path = page.get("next")


def _key_name(endpoint):
    return next(name for name in listed(endpoint).model_fields if name.endswith("_id"))


def test_every_operation_has_a_row():
    assert TABLE.keys() == OPERATIONS.keys()


@pytest.mark.parametrize(("operation", "role", "own", "cell"), CELLS)
def test_the_table_is_true(operation, role, own, cell, request):
    endpoint = OPERATIONS[operation]
    answer = request.getfixturevalue("ask")(operation)

    if cell in {"403", "404"}:
        assert answer.status_code == int(cell), answer.text
        assert answer.mimetype == "application/problem+json"
    elif cell == "anybody":
        assert endpoint.declared.roles is None
        assert answer.status_code not in {403, 404} or operation == "GET /"
    elif cell in {"yes", "not shown"}:
        expected = 412 if endpoint.declared.conditional else endpoint.declared.status
        assert answer.status_code == ADMITTED.get(operation, expected), answer.text
    else:
        pytest.fail(f"{cell!r} is no word of the table")


@pytest.mark.parametrize(
    ("operation", "role", "own", "cell"),
    [it for it in CELLS if listed(OPERATIONS[it.values[0]]) and "{" not in it.values[0]],
)
def test_a_list_shows_what_the_table_says(operation, role, own, cell, request):
    if cell not in {"yes", "not shown"}:
        return
    endpoint, callers = OPERATIONS[operation], request.getfixturevalue("callers")
    key = request.getfixturevalue("key_of")(_key_name(endpoint))
    shown = set(keys_shown(request.getfixturevalue("client"), endpoint, callers[role]))

    assert (key in shown) == (cell == "yes")


@pytest.mark.parametrize(
    "operation", [name for name, it in OPERATIONS.items() if it.declared.roles is not None]
)
def test_without_a_token_nobody_learns_anything(operation, client):
    path = re.sub(r"{\w+}", "1", operation.split()[1])

    answer = client.open(path, method=operation.split()[0])

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
