"""Every cell of the table in docs/permissions.md is tested."""

import re

import pytest

from app.auth import tokens
from app.http.caller import Caller
from tests.support.catalog import PAIRS, listed, operations, required_query, resources, valid_body
from tests.support.database import query, settings_for
from tests.support.service import PROJECT

OPERATIONS = {f"{it.method.upper()} {it.path}": it for it in operations()}
MODELS = {resource.model for resource in resources()}
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

# The status that proves permission, if it is neither success nor 412.
PERMITTED = {"PUT /v1/users/me/password": 422}  # the example is not the user's password
# The condition for the caller's own rows, by the name of the key and the role.
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
    with server.connect(migrated) as dba:
        names = ("api_user_id", "role", "campus_id", "student_id", "staff_id")
        sql = (
            "SELECT api_user_id, role, campus_id, student_id, staff_id "
            "FROM api_user LEFT JOIN staff USING (staff_id)"
        )
        return {row[1]: dict(zip(names, row, strict=True)) for row in query(dba, sql)}


class ApiCaller:
    """A signed-in caller who sends requests for their own rows, or for other rows."""

    def __init__(self, client, dba, row, own):
        self.client, self.root, self.row, self.own = client, dba, row, own
        settings = settings_for("mysql://nobody@127.0.0.1:1/nothing")
        token = tokens.issue(Caller.from_row(row), settings)
        self.headers = {"Authorization": f"Bearer {token}", "If-Match": '"another"'}

    def rule(self, name):
        """Return the SQL condition for the caller's own rows, or for the others."""
        rule = OWNED.get((name, self.row["role"]), "TRUE")
        return rule if self.own or rule == "TRUE" else f"NOT ({rule})"

    def key(self, name):
        table = name.removesuffix("_id")
        sql = f"SELECT {name} FROM {table} WHERE {self.rule(name)} ORDER BY {name} LIMIT 1"
        return query(self.root, sql, self.row)[0][0]

    def path(self, endpoint):
        names = re.findall(r"{(\w+)}", endpoint.path)
        if len(names) == 2:  # an existing link, so that DELETE succeeds
            sql = f"SELECT {', '.join(names)} FROM {_link(names)} LIMIT 1"
            keys = query(self.root, sql)[0]
        else:
            keys = [self.key(name) for name in names]
        return endpoint.path.format(**dict(zip(names, keys, strict=True)))

    def body(self, model):
        # Staff may enroll students of their campus only, even in courses they teach.
        noun = "student" if model.__name__ == "NewEnrollment" else _noun(model)
        body = valid_body(model, self.root, self.rule(f"{noun}_id"), **self.row)
        if model.__name__ not in PAIRS:
            for item in body.get("items", [body]):
                item.update({name: self.key(name) for name in item if name.endswith("_id")})
        return body

    def send(self, endpoint):
        """Send a valid request; changes are sent with an outdated ETag."""
        body, kind = None, None
        if endpoint.declared.patch:
            body, kind = {}, "application/merge-patch+json"
        elif endpoint.declared.body:
            body = self.body(endpoint.declared.body)
        path, method = self.path(endpoint), endpoint.method.upper()
        return self.client.open(
            path,
            method=method,
            query_string=required_query(endpoint),
            json=body,
            content_type=kind,
            headers=self.headers,
        )


def _noun(model):
    return model.__name__.removeprefix("New").removesuffix("Body").lower()


def _link(names):
    return "_".join(name.removesuffix("_id") for name in names)


@pytest.fixture
def api_caller(client, dba, callers, role, own):
    return ApiCaller(client, dba, callers[role], own)


@pytest.fixture
def links(dba):
    """Restore the links that were removed."""
    tables = ["course_staff", "course_subject"]
    kept = {table: query(dba, f"SELECT * FROM {table}") for table in tables}
    yield
    for table, rows in kept.items():
        query(dba, f"DELETE FROM {table}")
        with dba.cursor() as cursor:
            cursor.executemany(f"INSERT INTO {table} VALUES (%s, %s, %s)", rows)


@pytest.fixture
def clean_up(client, as_role):
    """A function that deletes the rows created by a request."""

    def delete(response):
        locations = [response.headers.get("Location")] if response.status_code == 201 else []
        if response.status_code == 207:
            stored = [item["student"] for item in response.json["items"] if "student" in item]
            locations = [f"/v1/students/{student['student_id']}" for student in stored]
        for location in filter(None, locations):
            deleted = client.delete(location, headers=as_role("admin") | {"If-Match": "*"})
            assert deleted.status_code == 204

    return delete


def listed_keys(api_caller, endpoint):
    """Return all keys in a list, as the caller sees it."""
    path, name = endpoint.path, _key_name(endpoint)
    while path:
        page = api_caller.client.get(path, headers=api_caller.headers).json
        yield from (item[name] for item in page["items"])
        path = page.get("next")


def _key_name(endpoint):
    return next(name for name in listed(endpoint).model_fields if name.endswith("_id"))


def test_every_operation_has_a_row():
    assert TABLE.keys() == OPERATIONS.keys()


@pytest.mark.usefixtures("links")
@pytest.mark.parametrize(("operation", "role", "own", "cell"), CELLS)
def test_an_operation_has_the_status_in_the_table(operation, cell, api_caller, clean_up):
    endpoint = OPERATIONS[operation]
    response = api_caller.send(endpoint)
    clean_up(response)

    if cell in {"403", "404", "409"}:
        assert response.status_code == int(cell), response.text
        assert response.mimetype == "application/problem+json"
    elif cell == "403 inside":
        assert [item["status"] for item in response.json["items"]] == [403]
    elif cell == "anybody":
        assert endpoint.declared.roles is None
        assert response.status_code not in {403, 404} or operation == "GET /"
    else:
        assert cell in {"yes", "not shown"}
        expected = 412 if endpoint.declared.conditional else endpoint.declared.status
        assert response.status_code == PERMITTED.get(operation, expected), response.text
        assert all(item["status"] == 201 for item in _items(response))


def _items(response):
    return response.json["items"] if response.status_code == 207 else []


@pytest.mark.parametrize(
    ("operation", "role", "own", "cell"),
    [
        it
        for it in CELLS
        if listed(OPERATIONS[it.values[0]]) in MODELS
        and "{" not in it.values[0]
        and it.values[3] in {"yes", "not shown"}
    ],
)
def test_a_list_contains_rows_as_in_the_table(operation, cell, api_caller):
    endpoint = OPERATIONS[operation]
    key = api_caller.key(_key_name(endpoint))

    assert (key in set(listed_keys(api_caller, endpoint))) == (cell == "yes")


@pytest.mark.parametrize(
    "operation", [name for name, it in OPERATIONS.items() if it.declared.roles is not None]
)
def test_a_request_without_a_token_is_401(operation, client):
    path = re.sub(r"{\w+}", "1", operation.split()[1])

    response = client.open(path, method=operation.split()[0])

    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer ")
