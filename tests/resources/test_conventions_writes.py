"""Conventions for every resource that can be created, replaced, updated and deleted."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from uuid import uuid4

import pytest

from tests.support.catalog import kinds_of, limit_of, max_length_of, resources, valid_body
from tests.support.counting import statements
from tests.support.database import query

WRITABLE = [it for it in resources() if it.create]
EVERY_RESOURCE = pytest.mark.parametrize("resource", WRITABLE, ids=lambda it: it.list.path)
MERGE_PATCH = "application/merge-patch+json"
UNUSUAL = "Ñ🎓“' \\%s漢"  # as much of it as fits into a column


class Writer:
    """Writes to one list as the administrator, and collects the locations of what it creates."""

    def __init__(self, resource, client, headers, dba):
        self.resource, self.client, self.headers, self.root = resource, client, headers, dba
        self.path = resource.list_path(dba)
        self.body = self.another_body()
        self.locations = []

    def another_body(self):
        return valid_body(self.resource.create.declared.body, self.root)

    def replacement(self):
        """Return another body with the same references."""
        other = valid_body(self.resource.replace.declared.body, self.root)
        return other | {name: self.body[name] for name in other if name.endswith("_id")}

    def create(self, body, status=201, **headers):
        response = self.client.post(self.path, json=body, headers=self.headers | headers)
        assert response.status_code == status, response.text
        self.locations += [response.headers["Location"]] if status == 201 else []
        return response

    def created(self):
        """Create a resource and return its location and ETag."""
        headers = self.create(self.body).headers
        return headers["Location"], headers["ETag"]

    def get(self, location):
        return self.client.get(location, headers=self.headers)

    def put(self, location, body, **headers):
        return self.client.put(location, json=body, headers=self.headers | headers)

    def patch(self, location, changes, etag):
        headers = self.headers | {"If-Match": etag}
        return self.client.patch(location, json=changes, headers=headers, content_type=MERGE_PATCH)

    def delete(self, location, **headers):
        return self.client.delete(location, headers=self.headers | headers)


@pytest.fixture
def writer(resource, client, as_role, dba):
    writer = Writer(resource, client, as_role("admin"), dba)
    yield writer
    for location in set(writer.locations):
        writer.delete(location, **{"If-Match": "*"})


@EVERY_RESOURCE
def test_a_created_resource_is_readable_at_its_location(writer):
    created = writer.create(writer.body)
    shown = writer.get(created.headers["Location"])

    assert shown.json == created.json
    assert shown.headers["ETag"] == created.headers["ETag"]
    for name, value in writer.body.items():
        if isinstance(value, dict):
            assert shown.json[name].items() >= value.items()
        else:
            assert shown.json[name] == value


@EVERY_RESOURCE
def test_creating_takes_begin_one_insert_per_row_select_token_and_commit(writer, server):
    """With a key the transaction is idempotent and has no commit token; the key is looked up.

    Staff have few keys, so that an email address in use is looked up before it uses one up.
    """
    writer.get(writer.path)
    other = writer.another_body()
    without_key = statements(server, lambda: writer.create(writer.body))
    key = {"Idempotency-Key": uuid4().hex}
    with_key = statements(server, lambda: writer.create(other, **key))

    rows = 1 + ("address" in writer.body)
    lookups = int(writer.path == "/v1/staff")
    assert without_key == lookups + 3 + rows + 1
    assert with_key == 1 + lookups + 3 + rows + 1


@EVERY_RESOURCE
def test_replacing_takes_begin_lock_update_select_token_and_commit(writer, server):
    location, etag = writer.created()
    new = writer.replacement()
    sent = statements(server, lambda: writer.put(location, new, **{"If-Match": etag}))

    assert sent == 6


@EVERY_RESOURCE
def test_text_in_any_script_is_stored_unchanged(writer):
    fields = writer.resource.create.declared.body.model_fields
    texts = {
        name: UNUSUAL[: max_length_of(info)].strip()
        for name, info in fields.items()
        if kinds_of(info.annotation) == {str} and "@" not in str(writer.body.get(name))
    }

    created = writer.create(writer.body | texts)

    assert writer.get(created.headers["Location"]).json.items() >= texts.items()


@EVERY_RESOURCE
def test_replacing_requires_the_current_etag(writer):
    location, etag = writer.created()
    other = writer.replacement()

    assert writer.put(location, other).status_code == 428
    assert writer.put(location, other, **{"If-Match": '"another"'}).status_code == 412
    assert writer.put(location, other, **{"If-Match": f"W/{etag}"}).status_code == 412
    assert writer.get(location).headers["ETag"] == etag
    done = writer.put(location, other, **{"If-Match": etag})
    assert done.status_code == 200, done.text
    assert done.headers["ETag"] != etag
    assert done.json == writer.get(location).json
    assert writer.put(location, other, **{"If-Match": etag}).status_code == 412


@EVERY_RESOURCE
def test_a_resource_can_be_sent_back_as_it_was_read(writer):
    location, _ = writer.created()
    before = writer.get(location)
    headers = writer.headers | {"If-Match": before.headers["ETag"]}

    assert writer.put(location, before.json, **headers).json == before.json
    assert writer.client.patch(location, json=before.json, headers=headers).json == before.json


@EVERY_RESOURCE
def test_a_changed_read_only_field_is_rejected_by_name(writer):
    location, etag = writer.created()
    key = writer.resource.key
    other = {**writer.get(location).json, key: 1, "last_update": "2001-02-03T04:05:06Z"}

    for response in (
        writer.put(location, other, **{"If-Match": etag}),
        writer.patch(location, other, etag),
    ):
        assert response.status_code == 422
        found = [error["pointer"] for error in response.json["errors"]]
        assert sorted(found) == sorted([f"/{key}", "/last_update"])
    assert writer.create({**writer.another_body(), key: 1}, status=422)
    assert writer.get(location).headers["ETag"] == etag


@EVERY_RESOURCE
def test_exactly_one_of_two_simultaneous_changes_with_one_etag_succeeds(writer, app):
    location, etag = writer.created()
    barrier = Barrier(2)

    def put(other):
        barrier.wait()
        headers = writer.headers | {"If-Match": etag}
        return app.test_client().put(location, json=other, headers=headers).status_code

    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(put, [writer.replacement(), writer.replacement()]))

    assert sorted(statuses) == [200, 412]


@EVERY_RESOURCE
def test_a_merge_patch_changes_only_the_fields_it_contains(writer):
    location, _ = writer.created()
    other = writer.replacement()
    for name, value in other.items():
        before = writer.get(location)
        done = writer.patch(location, {name: value}, before.headers["ETag"])

        assert done.status_code == 200, done.text
        kept = before.json.keys() - {name, "last_update"}
        assert {key: done.json[key] for key in kept} == {key: before.json[key] for key in kept}
        shown = done.json[name]
        assert shown == value or shown.items() >= value.items()


@EVERY_RESOURCE
def test_null_in_a_merge_patch_resets_optional_fields_only(writer):
    location, _ = writer.created()
    for name, info in writer.resource.patch.declared.patch.model_fields.items():
        before = writer.get(location)
        done = writer.patch(location, {name: None}, before.headers["ETag"])

        if info.is_required():
            assert done.status_code == 422
            assert [error["pointer"] for error in done.json["errors"]] == [f"/{name}"]
            assert writer.get(location).json == before.json
        else:
            assert (done.status_code, done.json.get(name)) == (200, json_value(info.default))


def json_value(value):
    """Return a default value as in JSON."""
    return str(value) if isinstance(value, Decimal) else value


@EVERY_RESOURCE
def test_a_patch_of_an_unknown_field_is_rejected_at_any_depth(writer):
    location, etag = writer.created()
    parts = [name for name, value in writer.body.items() if isinstance(value, dict)]
    wrong = {"/colour": {"colour": None}}
    wrong |= {f"/{name}/a~1b": {name: {"a/b": 1}} for name in parts}

    for pointer, change in wrong.items():
        response = writer.patch(location, change, etag)
        assert response.status_code == 422
        assert [error["pointer"] for error in response.json["errors"]] == [pointer]


@EVERY_RESOURCE
def test_a_deleted_resource_returns_404(writer):
    location, etag = writer.created()

    assert writer.delete(location).status_code == 428
    assert writer.delete(location, **{"If-Match": '"another"'}).status_code == 412
    deleted = writer.delete(location, **{"If-Match": etag})
    assert (deleted.status_code, deleted.data) == (204, b"")
    assert writer.get(location).status_code == 404
    assert writer.delete(location, **{"If-Match": etag}).status_code == 404
    assert writer.put(location, writer.replacement(), **{"If-Match": etag}).status_code == 404


@EVERY_RESOURCE
def test_a_duplicate_of_a_unique_value_is_rejected_with_a_pointer(writer, dba):
    columns = query(
        dba,
        """
        SELECT column_name FROM information_schema.statistics
        WHERE table_schema = DATABASE() AND table_name = %s AND NOT non_unique
              AND index_name <> 'PRIMARY'
        """,
        (writer.resource.table,),
    )
    writer.create(writer.body)

    problem = writer.create(writer.body, status=409 if columns else 201).json

    if columns:
        assert problem["type"].endswith(":duplicate")
        assert problem["errors"][0]["pointer"] in {f"/{name}" for (name,) in columns}


@EVERY_RESOURCE
def test_a_reference_to_a_missing_row_is_rejected_with_a_pointer(writer):
    for name, info in writer.resource.create.declared.body.model_fields.items():
        if name.endswith("_id"):
            problem = writer.create(writer.body | {name: limit_of(info, "le")}, status=409).json

            assert problem["type"].endswith(":missing-reference")
            assert [error["pointer"] for error in problem["errors"]] == [f"/{name}"]
