"""Accept: every documented media type is accepted, and q-values and wildcards follow RFC 9110.

A query with an unknown parameter returns 400 from every operation, but only after Accept has been
checked. It therefore shows the result of the negotiation without a database.
"""

from http import HTTPStatus

import pytest

from app.openapi.document import document
from tests.support.catalog import operations

OPERATIONS = operations()
EVERY_OPERATION = pytest.mark.parametrize(
    "endpoint", OPERATIONS, ids=lambda it: f"{it.method.upper()} {it.path}"
)
JSON, PROBLEM, CSV, NDJSON = (
    "application/json",
    "application/problem+json",
    "text/csv",
    "application/x-ndjson",
)


@pytest.fixture(scope="module")
def paths(note_app):
    return document(note_app)["paths"]


@pytest.fixture
def responses(paths, endpoint):
    """The documented responses of an operation."""
    return paths[endpoint.path][endpoint.method]["responses"]


@pytest.fixture
def status(note_client, token_headers):
    """A function that returns 406, or 400 if the Accept header is accepted."""

    def send(endpoint, accept):
        role = sorted(endpoint.declared.roles or ["admin"])[0]
        names = dict.fromkeys(endpoint.rule.arguments, 1)
        response = note_client.open(
            endpoint.path.format(**names) + "?unknown=1",
            method=endpoint.method.upper(),
            headers={**token_headers(role), **({} if accept is None else {"Accept": accept})},
        )
        return HTTPStatus(response.status_code)

    return send


def operation_of(path):
    return next(it for it in OPERATIONS if (it.path, it.method) == (path, "get"))


@EVERY_OPERATION
def test_every_documented_media_type_is_accepted(endpoint, responses, status):
    documented = {kind for it in responses.values() for kind in it.get("content", {})}
    found = {kind: status(endpoint, kind) for kind in documented}

    assert PROBLEM in documented
    assert found == dict.fromkeys(documented, 400)


@EVERY_OPERATION
def test_406_requires_a_response_with_a_body(endpoint, responses, status):
    has_body = "content" in responses[str(endpoint.declared.status)]
    expected = 406 if has_body else 400

    assert status(endpoint, "image/png") == expected
    assert status(endpoint, "*/*;q=0") == expected
    assert ("406" in responses) == has_body


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (None, 400),
        ("", 400),
        ("*/*", 400),
        ("application/*", 400),
        ("Application/JSON", 400),
        ("application/json; charset=utf-8", 400),
        ("application/json;q=0.001", 400),
        ("text/html, */*;q=0.1", 400),
        ("text/html, application/json ; q=1.000", 400),
        ("application/json, */*;q=0", 400),
        ("application/json;q=0", 406),
        ("application/json;q=0, */*", 406),  # the most specific range decides
        ("application/*;q=0, */*", 406),
        ("application/json;q=0, application/*", 406),
        ("application/*;q=0, application/json;q=0.1", 400),
        ("application/problem+json, application/json;q=0", 406),
        ("application/problem+json, */*;q=0", 406),
        ("application/problem+json;q=0", 406),
        ("application/json;q=2", 406),  # a q-value above 1 is not valid; the range is ignored
        ("text/*", 406),
        ("json", 406),
    ],
)
def test_quality_and_wildcards_of_accept(accept, expected, status):
    assert status(operation_of("/v1/students"), accept) == expected


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/*;q=0.5, application/x-ndjson;q=0.4", CSV),
        ("text/csv;q=0.1, application/*", NDJSON),
        ("text/csv;q=0, */*", NDJSON),
        ("TEXT/CSV;q=0.2, application/x-ndjson;q=0.1", CSV),
        (PROBLEM, CSV),
    ],
)
def test_the_preferred_media_type_is_returned(accept, kind, client, as_role):
    response = client.get("/v1/students/export", headers={**as_role("student"), "Accept": accept})

    assert (response.status_code, response.mimetype) == (200, kind)


def test_a_client_that_lists_only_problems_can_create_read_and_delete(client, as_role):
    headers = {**as_role("admin"), "Accept": PROBLEM}
    created = client.post("/v1/subjects", json={"name": "Tide tables"}, headers=headers)
    path = created.headers["Location"]
    read = client.get(path, headers=headers)
    deleted = client.delete(path, headers={**headers, "If-Match": read.headers["ETag"]})

    assert [it.status_code for it in (created, read, deleted)] == [201, 200, 204]
    assert {it.mimetype for it in (created, read)} == {JSON}
