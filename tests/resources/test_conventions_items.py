"""What holds for every item that can be read: ETags, HEAD, OPTIONS, and one statement."""

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
def test_a_client_that_has_it_already_gets_no_body(resource, client, as_role, dba, item_path):
    for path in (item_path, resource.list_path(dba)):
        first = client.get(path, headers=as_role("admin"))
        for known in (first.headers["ETag"], f'"other", {first.headers["ETag"]}'):
            again = client.get(path, headers=as_role("admin") | {"If-None-Match": known})
            assert (again.status_code, again.data) == (304, b"")
            assert again.headers["ETag"] == first.headers["ETag"]
        other = client.get(path, headers=as_role("admin") | {"If-None-Match": '"other"'})

        assert other.data == first.data


@EVERY_RESOURCE
def test_head_has_the_fields_of_get_and_no_body(resource, client, as_role, dba, item_path):
    volatile = {"X-Request-ID", "Date", "RateLimit"}
    for path in (item_path, resource.list_path(dba)):
        got = client.get(path, headers=as_role("admin"))
        head = client.head(path, headers=as_role("admin"))

        assert (head.status_code, head.data) == (200, b"")
        assert [it for it in head.headers if it[0] not in volatile] == [
            it for it in got.headers if it[0] not in volatile
        ]


@EVERY_RESOURCE
def test_every_shape_of_one_is_read_with_one_statement(
    resource, client, as_role, server, item_path
):
    client.get(item_path, headers=as_role("admin"))
    for shape in ("", f"?fields={resource.fields[-1]}", "?embed=" + ",".join(resource.embeds)):
        if shape == "?embed=":
            continue
        get = partial(client.get, item_path + shape, headers=as_role("admin"))

        assert get().status_code == 200
        assert statements(server, get) == 1


@EVERY_RESOURCE
def test_what_is_read_alone_is_what_is_listed(resource, client, as_role, dba):
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
def test_a_wrong_method_and_options_name_the_right_ones(path, client):
    declared = {it.method.upper() for it in operations() if it.path == path}
    allowed = declared | {"OPTIONS"} | ({"HEAD"} if "GET" in declared else set())
    address = re.sub(r"{\w+}", "1", path)
    (wrong, *_) = {"DELETE", "PUT", "POST", "PATCH", "GET", "TRACE"} - allowed

    refused = client.open(address, method=wrong)
    options = client.open(address, method="OPTIONS")

    assert refused.status_code == 405
    assert refused.mimetype == "application/problem+json"
    assert set(refused.allow) == allowed
    assert (options.status_code, set(options.allow)) == (200, allowed)
