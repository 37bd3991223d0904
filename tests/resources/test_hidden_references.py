"""What a body refers to is looked up as the caller sees it: hidden and absent rows look the same.

The foreign keys are those of all bodies in the OpenAPI document, and what a caller may see is
declared by the query modules, so that a new resource is tested without an entry here.
"""

import re
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType

import pytest

import app.resources
from app import create_app
from app.http.caller import Caller
from app.http.validation import JSON, MERGE_PATCH
from app.openapi.endpoints import Endpoint
from app.resources.students.schemas import StudentBody
from app.sql.conditions import ALL_ROWS, Condition
from tests.support.catalog import operations, valid_body
from tests.support.counting import statements
from tests.support.database import query, settings_for

ROLES = ("admin", "staff", "student")
HIDDEN_ROWS = 3  # that are tried for each field
VARYING_HEADERS = {"Date", "X-Request-ID", "RateLimit"}


@dataclass(frozen=True)
class Reference:
    """A field of a body that holds the key of a row of `table`; `pointer` leads to the field."""

    endpoint: Endpoint
    pointer: tuple
    table: str

    def __str__(self):
        pointer = "/".join(map(str, self.pointer))
        return f"{self.endpoint.method} {self.endpoint.path} {pointer}"

    @property
    def queries(self) -> ModuleType:
        return MODULES[self.table]


def references():
    """Yield the references in the bodies of all operations."""
    document = create_app(settings_for("mysql://nobody@127.0.0.1:1/nothing"))
    document = document.test_client().get("/openapi.json").json
    for endpoint in operations():
        if endpoint.tag == "users":  # for administrators, who see all rows
            continue
        declared = document["paths"][endpoint.path][endpoint.method]
        contents = declared.get("requestBody", {"content": {}})["content"].values()
        pointers = {found for it in contents for found in keys_in(it["schema"], document)}
        for pointer in sorted(pointers, key=str):
            name = re.sub(r"(?<!^)(?=[A-Z])", "_", pointer[-1]).lower()  # chapterId
            yield Reference(endpoint, pointer, name.removesuffix("_id"))


def keys_in(schema, document, within=()):
    """Yield the pointers to all properties of a schema that hold a key."""
    if "$ref" in schema:
        target = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        yield from keys_in(target, document, within)
    for part in schema.get("anyOf", []):
        yield from keys_in(part, document, within)
    if "items" in schema:
        yield from keys_in(schema["items"], document, (*within, 0))
    for name, part in schema.get("properties", {}).items():
        if re.search(r"(_i|I)d$", name):
            yield (*within, name)
        yield from keys_in(part, document, (*within, name))


def query_modules():
    """Return the query module of each table."""
    packages = [it.name for it in iter_modules(app.resources.__path__) if it.ispkg]
    modules = [import_module(f"app.resources.{name}.queries") for name in packages]
    return {it.SELECT.table: it for it in modules if hasattr(it, "SELECT")}


MODULES = query_modules()
REFERENCES = list(references())


@pytest.fixture(scope="module")
def callers(server, migrated):
    """The sample user of each role."""
    names = ("api_user_id", "role", "campus_id", "student_id", "staff_id")
    sql = (
        "SELECT api_user_id, role, staff.campus_id, student_id, staff_id"
        " FROM api_user LEFT JOIN staff USING (staff_id)"
    )
    with server.connect(migrated) as dba:
        return {
            row[1]: Caller.from_row(dict(zip(names, row, strict=True))) for row in query(dba, sql)
        }


@pytest.fixture
def keys(dba):
    """A function that returns the first keys of a table whose rows a condition holds for."""

    def find(table, condition, holds="TRUE"):
        key, where = f"{table}.{table}_id", f"({condition.sql}) IS {holds}"
        sql = f"SELECT {key} FROM {table} WHERE {where} ORDER BY {key} LIMIT {HIDDEN_ROWS}"
        return [found for (found,) in query(dba, sql, condition.params)]

    return find


@pytest.fixture
def absent(dba):
    """A function that returns two keys that no row of a table has."""

    def find(table):
        ((highest,),) = query(dba, f"SELECT MAX({table}_id) FROM {table}")
        return highest + 1, highest + 2

    return find


@pytest.fixture
def request_of(callers, dba, keys):
    """A function that returns the path and body of a request with visible keys only."""

    def visible_key(table, caller):
        module = MODULES[table]
        rule = getattr(module, "writable_by", module.visible_to)
        return (keys(table, rule(caller)) or keys(table, ALL_ROWS))[0]

    def build(endpoint, role):
        caller = callers[role]
        path = re.sub(
            r"{(\w+)_id}", lambda found: str(visible_key(found[1], caller)), endpoint.path
        )
        if endpoint.declared.patch:
            return path, {}
        body = valid_body(endpoint.declared.body, dba)
        for reference in REFERENCES:
            if reference.endpoint == endpoint:
                put(body, reference.pointer, visible_key(reference.table, caller))
        return path, body

    return build


def put(body, pointer, key):
    """Set the field that a pointer leads to; missing objects are created."""
    *steps, last = pointer
    for step in steps:
        body = body[step] if isinstance(step, int) else body.setdefault(step, {})
    body[last] = key


@pytest.fixture
def hidden(callers, keys):
    """A function that returns keys of rows that a reference may lead to and a role may not see."""

    def find(reference, role):
        visible = reference.queries.visible_to(callers[role])
        return keys(reference.table, visible, holds="NOT TRUE")

    return find


@pytest.fixture
def answers_for(app, as_role, request_of):
    """A function that returns a function that answers a request with one key replaced."""

    def prepare(reference, role):
        path, body = request_of(reference.endpoint, role)
        method, kind = reference.endpoint.method, JSON
        if reference.endpoint.declared.patch:
            kind = MERGE_PATCH
        headers = as_role(role) | {"If-Match": "*"}

        def answer(key):
            changed = deepcopy(body)
            put(changed, reference.pointer, key)
            return app.test_client().open(
                path, method=method, json=changed, content_type=kind, headers=headers
            )

        return answer

    return prepare


def comparable(response):
    text = re.sub(r'"request_id": *"\w+"', '"request_id": ""', response.text)
    headers = [item for item in response.headers if item[0] not in VARYING_HEADERS]
    return response.status_code, headers, text


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("reference", REFERENCES, ids=str)
def test_a_hidden_row_is_answered_like_an_absent_one(reference, role, hidden, absent, answers_for):
    answer = answers_for(reference, role)
    missing, other = absent(reference.table)

    expected = comparable(answer(missing))

    for key in hidden(reference, role) or [other]:
        assert comparable(answer(key)) == expected


HIDING = [
    ("post /v1/enrollments student_id", "staff"),
    ("post /v1/attempts enrollment_id", "staff"),
]


@pytest.mark.parametrize("hiding", HIDING)
def test_a_hidden_row_takes_as_many_statements_as_an_absent_one(
    hiding, server, hidden, absent, answers_for
):
    name, role = hiding
    (reference,) = [it for it in REFERENCES if str(it) == name]
    answer, missing = answers_for(reference, role), absent(reference.table)[0]
    answer(missing)  # opens the connection

    counts = {
        statements(server, partial(answer, key)) for key in [missing, *hidden(reference, role)]
    }

    assert len(counts) == 1


def test_the_references_to_rows_that_may_be_hidden_are_known(hidden):
    """Add a new one to `HIDING`."""
    found = [
        (str(it), role)
        for it in REFERENCES
        for role in ROLES
        if role in it.endpoint.declared.roles and hidden(it, role)
    ]

    assert sorted(found) == sorted(HIDING)


@pytest.fixture
def enroll(client, as_role):
    """A function that enrolls a student as the member of staff."""

    def post(student_id, course_id):
        body = {"student_id": student_id, "course_id": course_id}
        return client.post("/v1/enrollments", json=body, headers=as_role("staff"))

    return post


def test_whether_a_hidden_student_takes_a_course_is_not_shown(enroll, taught, dba, me):
    """Not even to the teacher of the course."""
    ((takes, course),) = query(
        dba,
        "SELECT student_id, course_id FROM enrollment JOIN student USING (student_id)"
        " WHERE campus_id <> %s LIMIT 1",
        (me["campus_id"],),
    )
    attempts = [(takes, course), (takes, taught), (4_000_000_000, course), (4_000_000_000, taught)]

    answers = [comparable(enroll(*pair)) for pair in attempts]

    assert answers == [answers[0]] * 4
    assert answers[0][0] == 409
    assert "/student_id" in answers[0][2]


@pytest.fixture
def emails(dba, me):
    """Email addresses of a student of the same campus, of a student of another one, of nobody."""
    sql = "SELECT MIN(email) FROM student WHERE campus_id "
    own, other = (query(dba, f"{sql} {it} %s", (me["campus_id"],))[0][0] for it in ("=", "<>"))
    return own, other, "in.use.by.nobody@example.edu"


@pytest.fixture
def writes(client, as_role, dba, me, keys):
    """Functions that send a student with an email address in each operation that takes one."""
    (own, *_) = keys("student", Condition("student.campus_id = %s", (me["campus_id"],)))
    headers = as_role("staff") | {"If-Match": "*"}
    valid = valid_body(StudentBody, dba)

    def post(**values):
        return client.post("/v1/students", json=valid | values, headers=headers)

    def post_batch(**values):
        body = {"items": [valid | values]}
        return client.post("/v1/students:batch", json=body, headers=headers)

    def put_student(**values):
        return client.put(f"/v1/students/{own}", json=valid | values, headers=headers)

    def patch(**values):
        path, kind = f"/v1/students/{own}", MERGE_PATCH
        return client.patch(path, json=values, content_type=kind, headers=headers)

    return {"post": post, "batch": post_batch, "put": put_student, "patch": patch}


WRITES = ["post", "batch", "put", "patch"]


def answers_to(send, emails, server, campus_id):
    """Return the answers to each email address, and how many statements each one takes."""
    found = []
    for email in emails:
        request = partial(send, campus_id=campus_id, email=email)
        found.append((comparable(request()), statements(server, request)))
    return found


@pytest.mark.parametrize("name", WRITES)
def test_an_email_address_in_use_is_answered_alike_wherever_it_is_used(
    name, writes, emails, server, me
):
    own, other, _ = emails

    answers = answers_to(writes[name], (own, other), server, me["campus_id"])

    assert answers[0] == answers[1]
    assert "duplicate" in answers[0][0][2]


@pytest.mark.parametrize("name", WRITES)
def test_a_student_of_another_campus_is_refused_whether_or_not_the_address_is_in_use(
    name, writes, emails, server, me
):
    answers = answers_to(writes[name], emails, server, me["campus_id"] % 5 + 1)

    assert answers == [answers[0]] * 3
    assert "You may not store" in answers[0][0][2]
