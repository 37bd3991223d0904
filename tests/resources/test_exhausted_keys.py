"""A table whose keys are exhausted is named in a 503; it recovers once the counter is lowered."""

import pytest

from tests.support.catalog import resources, valid_body
from tests.support.database import query

CREATED = [pytest.param(it, id=it.table) for it in resources() if it.create]
LARGEST = {"smallint": 65_535, "mediumint": 16_777_215, "int": 4_294_967_295}


@pytest.fixture
def exhausted(resource, dba):
    """Give the largest possible key to the next row; afterwards continue after the last row."""
    table = resource.table
    ((kind,),) = query(
        dba,
        "SELECT data_type FROM information_schema.columns"
        " WHERE table_schema = DATABASE() AND table_name = %s AND column_name = %s",
        (table, resource.key),
    )
    query(dba, f"ALTER TABLE {table} AUTO_INCREMENT = {LARGEST[kind]}")
    yield
    query(dba, f"ALTER TABLE {table} AUTO_INCREMENT = 1")  # the server uses the next free key


@pytest.fixture
def create(client, resource, as_role, dba):
    """A function that creates a row, which is deleted after the test."""
    headers, created = as_role("admin"), []

    def post():
        body = valid_body(resource.create.declared.body, dba)
        created.append(client.post(resource.list_path(dba), json=body, headers=headers))
        return created[-1]

    yield post
    for location in [it.headers["Location"] for it in created if it.status_code == 201]:
        client.delete(location, headers=headers | {"If-Match": "*"})


@pytest.mark.usefixtures("exhausted")
@pytest.mark.parametrize("resource", CREATED)
def test_the_table_without_keys_is_named_in_a_503(resource, create):
    last, refused = create(), create()

    assert last.status_code == 201
    assert refused.status_code == 503, refused.text
    assert refused.json["type"].endswith(":keys-exhausted")
    assert refused.json["detail"].startswith(f"The table {resource.table} has no keys left")
    assert "Retry-After" in refused.headers
