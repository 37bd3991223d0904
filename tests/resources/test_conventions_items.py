"""Conventions for reading every resource: ETags, HEAD, OPTIONS, and one statement."""

import re
from datetime import datetime
from functools import partial

import pytest

from tests.support.catalog import kinds_of, operations, resources
from tests.support.counting import statements

RESOURCES = list(resources())
EVERY_RESOURCE = pytest.mark.parametrize("resource", RESOURCES, ids=lambda it: it.read.path)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
PATHS = sorted({endpoint.path for endpoint in operations()})


@pytest.fixture
def item_path(resource, client, as_role, dba):
    path = resource.list_path(dba)
    page = client.get(f"{path}?limit=1", headers=as_role("admin")).json
    return resource.path_of(page["items"][0], path)


@EVERY_RESOURCE
def test_if_none_match_with_the_current_etag_returns_304(resource, client, as_role, dba, item_path):
    for path in (item_path, resource.list_path(dba)):
        first = client.get(path, headers=as_role("admin"))
        for etag in (first.headers["ETag"], f'"other", {first.headers["ETag"]}'):
            again = client.get(path, headers=as_role("admin") | {"If-None-Match": etag})
            assert (again.status_code, again.data) == (304, b"")
            assert again.headers["ETag"] == first.headers["ETag"]
        other = client.get(path, headers=as_role("admin") | {"If-None-Match": '"other"'})

        assert other.data == first.data


@EVERY_RESOURCE
def test_head_returns_the_headers_of_get_without_a_body(resource, client, as_role, dba, item_path):
    volatile = {"X-Request-ID", "Date", "RateLimit"}
    for path in (item_path, resource.list_path(dba)):
        got = client.get(path, headers=as_role("admin"))
        head = client.head(path, headers=as_role("admin"))

        assert (head.status_code, head.data) == (200, b"")
        assert [it for it in head.headers if it[0] not in volatile] == [
            it for it in got.headers if it[0] not in volatile
        ]


@EVERY_RESOURCE
def test_reading_an_item_takes_one_statement_with_any_projection(
    resource, client, as_role, server, item_path
):
    client.get(item_path, headers=as_role("admin"))
    for parameters in ("", f"?fields={resource.fields[-1]}", "?embed=" + ",".join(resource.embeds)):
        if parameters == "?embed=":
            continue
        get = partial(client.get, item_path + parameters, headers=as_role("admin"))

        assert get().status_code == 200
        assert statements(server, get) == 1


@EVERY_RESOURCE
def test_an_item_equals_its_entry_in_the_list(resource, client, as_role, dba):
    path = resource.list_path(dba)
    for item in client.get(f"{path}?limit=3", headers=as_role("admin")).json["items"]:
        assert client.get(resource.path_of(item, path), headers=as_role("admin")).json == item


@EVERY_RESOURCE
def test_times_are_rfc_3339_in_utc(resource, client, as_role, item_path):
    item = client.get(item_path, headers=as_role("admin")).json

    fields = resource.model.model_fields
    times = [value for name, value in item.items() if datetime in kinds_of(fields[name].annotation)]
    assert all(value is None or TIME.fullmatch(value) for value in times)


@pytest.mark.parametrize("path", PATHS)
def test_allow_lists_the_declared_methods_in_405_and_options_responses(path, client):
    declared = {it.method.upper() for it in operations() if it.path == path}
    allowed = declared | {"OPTIONS"} | ({"HEAD"} if "GET" in declared else set())
    url = re.sub(r"{\w+}", "1", path)
    (wrong, *_) = {"DELETE", "PUT", "POST", "PATCH", "GET", "TRACE"} - allowed

    rejected = client.open(url, method=wrong)
    options = client.open(url, method="OPTIONS")

    assert rejected.status_code == 405
    assert rejected.mimetype == "application/problem+json"
    assert set(rejected.allow) == allowed
    assert (options.status_code, set(options.allow)) == (200, allowed)
