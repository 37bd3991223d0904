"""Bad input gets its exact status and a problem that says where; nothing of it is stored."""

import json

import pytest

from tests.support.catalog import kinds_of, longest, operations, resources, valid_body
from tests.support.database import query

WRITABLE = [it for it in resources() if it.create]
EVERY_WRITABLE = pytest.mark.parametrize("resource", WRITABLE, ids=lambda it: it.list.path)
EVERY_LIST = pytest.mark.parametrize("resource", list(resources()), ids=lambda it: it.list.path)
SQL = ["' OR '1'='1", '"; DROP TABLE x; --', "1' UNION SELECT 1 #", "%' AND 0", "\\'; X"]
WORDS_OF_DRIVERS = ["pymysql", "MySQL", "MariaDB", "Traceback", "SELECT", "constraint", "(1064,"]


@pytest.fixture
def admin(as_role):
    return as_role("admin")


@pytest.fixture
def path(resource, dba):
    return resource.list_path(dba)


@pytest.fixture
def refused(resource, path, client, admin, dba):
    """Posts what has to be refused; the problem's errors. No row may be left of it."""

    def post(status, **request):
        rows = f"SELECT (SELECT COUNT(*) FROM {resource.table}), (SELECT COUNT(*) FROM address)"
        before = query(dba, rows)
        answer = client.post(path, headers=admin | request.pop("headers", {}), **request)

        assert answer.status_code == status, answer.text
        assert answer.mimetype == "application/problem+json"
        assert not [word for word in WORDS_OF_DRIVERS if word in answer.text]
        assert query(dba, rows) == before
        return [error["pointer"] for error in answer.json.get("errors", ())]

    return post


@EVERY_WRITABLE
@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"", "application/json", 400),
        (b"{", "application/json", 400),
        (b'{"a": 1,}', "application/json", 400),
        (b'{"a": NaN}', "application/json", 422),
        (b'{"a": "\xff"}', "application/json", 400),
        (b'{"a": "\\ud800"}', "application/json", 400),
        (b"[" * 50_000, "application/json", 400),
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
def test_a_body_that_cannot_be_read_is_refused(data, kind, status, refused):
    refused(status, data=data, content_type=kind)


@EVERY_WRITABLE
def test_a_client_that_takes_no_json_is_told_so(resource, refused, dba):
    body = valid_body(resource.create.declared.body, dba)

    refused(406, json=body, headers={"Accept": "text/html"})


def wrong_values(info):
    """What does not fit a field."""
    kinds = kinds_of(info.annotation)
    yield from ([], {"a": 1}) if not any(hasattr(kind, "model_fields") for kind in kinds) else (5,)
    if kinds == {str}:
        yield from (5, True, "nul\0", "x" * (longest(info) + 1), "bell\a")
    if kinds == {int}:
        yield from ("1", 1.5, True, 0, -1, 10**12, 10**400)
    if kinds == {bool}:
        yield from ("true", 1, 0)


@EVERY_WRITABLE
def test_a_value_that_does_not_fit_is_named(resource, refused, dba):
    model = resource.create.declared.body
    for name, info in model.model_fields.items():
        for value in wrong_values(info):
            body = valid_body(model, dba) | {info.alias or name: value}
            named = refused(422, data=json.dumps(body), content_type="application/json")
            assert [pointer.split("/")[1] for pointer in named] == [info.alias or name], value


@EVERY_WRITABLE
def test_a_field_that_is_missing_or_unknown_is_named(resource, refused, dba):
    model = resource.create.declared.body
    for name, info in model.model_fields.items():
        body = {key: value for key, value in valid_body(model, dba).items() if key != name}
        if info.is_required():
            assert refused(422, json=body) == [f"/{name}"]

    assert refused(422, json={**valid_body(model, dba), "a~/b": 1}) == ["/a~0~1b"]


@EVERY_WRITABLE
@pytest.mark.parametrize("text", SQL)
def test_sql_in_a_body_is_stored_and_returned_as_text(text, resource, dba, client, admin):
    path = resource.list_path(dba)
    model = resource.create.declared.body
    body = valid_body(model, dba)
    texts = {
        name: text[:10]
        for name, info in model.model_fields.items()
        if kinds_of(info.annotation) == {str} and "@" not in str(body.get(name))
    }

    created = client.post(path, json=body | texts, headers=admin)

    assert created.status_code == 201, created.text
    place = created.headers["Location"]
    shown = client.get(place, headers=admin).json
    assert client.delete(place, headers=admin | {"If-Match": "*"}).status_code == 204
    assert {name: shown[name] for name in texts} == texts


@EVERY_LIST
@pytest.mark.parametrize("text", [*SQL, "\0", "x" * 5_000, "٣", "🎓", "%00", "1e309"])
def test_sql_in_a_parameter_is_a_value_that_nothing_has(text, resource, path, client, admin):
    for name in resource.list.declared.query.model_fields:
        answer = client.get(path, query_string={name: text}, headers=admin)

        assert answer.status_code in {200, 400}
        if answer.status_code == 400:
            assert [error["parameter"] for error in answer.json["errors"]] == [name]
        elif name != "q":
            assert answer.json["items"] == []
        assert not [word for word in WORDS_OF_DRIVERS if word in answer.text]


@EVERY_LIST
@pytest.mark.parametrize("key", ["0", "-1", "01", "1_0", "1.0", "99999999999", "x", "%00", "٣"])
def test_a_key_that_cannot_be_one_is_not_found(key, resource, path, client, admin):
    answer = client.get(resource.path_of({resource.key: key}, path), headers=admin)

    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"


@EVERY_LIST
def test_the_largest_key_is_not_found_either(resource, path, client, admin):
    answer = client.get(resource.path_of({resource.key: 4_294_967_295}, path), headers=admin)

    assert answer.status_code == 404


@pytest.mark.parametrize(
    "endpoint", [it for it in operations() if it.method == "get"], ids=lambda it: it.path
)
def test_bytes_that_are_no_text_are_refused_or_not_found(endpoint, client, admin):
    path = endpoint.path.partition("{")[0]

    assert client.get(f"{path}%ff%fe", headers=admin).status_code == 404
    assert client.get(f"{endpoint.rule.rule.split('<')[0]}?%ff=%fe", headers=admin).status_code in {
        400,
        404,
    }
