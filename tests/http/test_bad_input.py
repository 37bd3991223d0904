"""Invalid input returns the exact status and the location of the error; nothing is stored."""

import json
from datetime import date
from decimal import Decimal

import pytest

from tests.support.catalog import (
    kinds_of,
    limit_of,
    max_length_of,
    operations,
    resources,
    valid_body,
)
from tests.support.database import query

WRITABLE = [it for it in resources() if it.create]
EVERY_WRITABLE = pytest.mark.parametrize("resource", WRITABLE, ids=lambda it: it.list.path)
EVERY_LIST = pytest.mark.parametrize("resource", list(resources()), ids=lambda it: it.list.path)
SQL = ["' OR '1'='1", '"; DROP TABLE x; --', "1' UNION SELECT 1 #", "%' AND 0", "\\'; X"]
DRIVER_WORDS = ["pymysql", "MySQL", "MariaDB", "Traceback", "SELECT", "constraint", "(1064,"]


@pytest.fixture
def admin(as_role):
    return as_role("admin")


@pytest.fixture
def path(resource, dba):
    return resource.list_path(dba)


@pytest.fixture
def post_invalid(resource, path, client, admin, dba):
    """Post an invalid request; return the pointers of its errors. No row may be stored."""

    def post(status, **request):
        rows = f"SELECT (SELECT COUNT(*) FROM {resource.table}), (SELECT COUNT(*) FROM address)"
        before = query(dba, rows)
        response = client.post(path, headers=admin | request.pop("headers", {}), **request)

        assert response.status_code == status, response.text
        assert response.mimetype == "application/problem+json"
        assert not [word for word in DRIVER_WORDS if word in response.text]
        assert query(dba, rows) == before
        return [error["pointer"] for error in response.json.get("errors", ())]

    return post


@EVERY_WRITABLE
@pytest.mark.parametrize(
    ("data", "content_type", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"a": 1,}', "application/json", 400),
        (b'{"a": NaN}', "application/json", 422),
        (b'{"a": "\xff"}', "application/json", 400),
        (b'{"a": "\\ud800"}', "application/json", 400),
        (b"[" * 5_000, "application/json", 400),
        (b"[" * 50_000, "application/json", 413),
        (b"[]", "application/json", 422),
        (b"null", "application/json", 422),
        (b"<a/>", "application/xml", 415),
        (b"a=1", "application/x-www-form-urlencoded", 415),
        (b"{}", "application/merge-patch+json", 415),
        (b"{}", None, 415),
        (b'{"a": "' + b"x" * 10_000_000 + b'"}', "application/json", 413),
    ],
    ids=lambda it: str(it)[:25],
)
def test_an_unreadable_body_is_rejected(data, content_type, status, post_invalid):
    post_invalid(status, data=data, content_type=content_type)


@EVERY_WRITABLE
def test_a_client_that_does_not_accept_json_gets_406(resource, post_invalid, dba):
    body = valid_body(resource.create.declared.body, dba)

    post_invalid(406, json=body, headers={"Accept": "text/html"})


def invalid_values(info):
    """Return values that are not valid for a field."""
    kinds = kinds_of(info.annotation)
    yield from ([], {"a": 1}) if not any(hasattr(kind, "model_fields") for kind in kinds) else (5,)
    if kinds == {str}:
        yield from (5, True, "nul\0", "x" * (max_length_of(info) + 1), "bell\a")
    if kinds == {int}:
        yield from ("1", 1.5, True, limit_of(info, "ge") - 1, -(10**12), 10**12, 10**400)
    if kinds == {Decimal}:
        yield from (5, 1.5, "", "x", "1e2", "+1", ".5", "1.", "0." + "0" * 31, "9" * 66, "٣")
    if kinds == {date}:
        yield from (5, "", "2026-02-30", "20260901", "86400", "2026-09-01T00:00:00Z", "0000-01-01")
    if kinds == {bool}:
        yield from ("true", 1, 0)


@EVERY_WRITABLE
def test_an_invalid_value_is_located(resource, post_invalid, dba):
    model = resource.create.declared.body
    for name, info in model.model_fields.items():
        for value in invalid_values(info):
            body = valid_body(model, dba) | {info.alias or name: value}
            found = post_invalid(422, data=json.dumps(body), content_type="application/json")
            assert [pointer.split("/")[1] for pointer in found] == [info.alias or name], value


@EVERY_WRITABLE
def test_a_missing_or_unknown_field_is_located(resource, post_invalid, dba):
    model = resource.create.declared.body
    for name, info in model.model_fields.items():
        body = {key: value for key, value in valid_body(model, dba).items() if key != name}
        if info.is_required():
            assert post_invalid(422, json=body) == [f"/{name}"]

    assert post_invalid(422, json={**valid_body(model, dba), "a~/b": 1}) == ["/a~0~1b"]


@EVERY_WRITABLE
@pytest.mark.parametrize("text", SQL)
def test_sql_in_a_body_is_stored_and_returned_as_text(text, resource, dba, client, admin):
    path = resource.list_path(dba)
    model = resource.create.declared.body
    body = valid_body(model, dba)
    texts = {
        name: text[: min(10, max_length_of(info))].strip()
        for name, info in model.model_fields.items()
        if kinds_of(info.annotation) == {str} and "@" not in str(body.get(name))
    }

    created = client.post(path, json=body | texts, headers=admin)

    assert created.status_code == 201, created.text
    url = created.headers["Location"]
    found = client.get(url, headers=admin).json
    assert client.delete(url, headers=admin | {"If-Match": "*"}).status_code == 204
    assert {name: found[name] for name in texts} == texts


@EVERY_LIST
@pytest.mark.parametrize("text", [*SQL, "\0", "x" * 5_000, "٣", "🎓", "%00", "1e309"])
def test_sql_in_a_parameter_matches_no_rows(text, resource, path, client, admin):
    for name in resource.list.declared.query.model_fields:
        response = client.get(path, query_string={name: text}, headers=admin)

        assert response.status_code in {200, 400}
        shown = {key: value for key, value in response.json.items() if key != "next"}
        if response.status_code == 400:
            assert [error["parameter"] for error in shown["errors"]] == [name]
        elif name != "q":
            assert shown["items"] == []
        assert not [word for word in DRIVER_WORDS if word in json.dumps(shown)]


@EVERY_LIST
@pytest.mark.parametrize("key", ["0", "-1", "01", "1_0", "1.0", "99999999999", "x", "%00", "٣"])
def test_a_malformed_key_is_not_found(key, resource, path, client, admin):
    response = client.get(resource.path_of({resource.key: key}, path), headers=admin)

    assert response.status_code == 404
    assert response.mimetype == "application/problem+json"


@EVERY_LIST
def test_the_largest_possible_key_is_not_found(resource, path, client, admin):
    response = client.get(resource.path_of({resource.key: 4_294_967_295}, path), headers=admin)

    assert response.status_code == 404


@pytest.mark.parametrize(
    "endpoint", [it for it in operations() if it.method == "get"], ids=lambda it: it.path
)
def test_invalid_utf_8_in_a_url_is_rejected(endpoint, client, admin):
    path = endpoint.path.partition("{")[0]
    status_in_query = 404 if "{" in endpoint.path else 400

    assert client.get(f"{path}%ff%fe", headers=admin).status_code == 404
    assert client.get(f"{path}?%ff=%fe", headers=admin).status_code == status_in_query
