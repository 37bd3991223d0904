"""What holds for everything that can be created, replaced, patched and deleted."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from uuid import uuid4

import pytest

from tests.support.catalog import kinds_of, resources, valid_body
from tests.support.counting import statements
from tests.support.database import query

WRITABLE = [it for it in resources() if it.create]
EVERY_RESOURCE = pytest.mark.parametrize("resource", WRITABLE, ids=lambda it: it.list.path)
MERGE_PATCH = "application/merge-patch+json"
STRANGE = "Ñ🎓“' \\%s漢"  # ten characters: they fit everywhere


class Writer:
    """The administrator, who writes to one list; whatever they create is forgotten afterwards."""

    def __init__(self, resource, client, headers, dba):
        self.resource, self.client, self.headers, self.root = resource, client, headers, dba
        self.path = resource.list_path(dba)
        self.body = self.another_body()
        self.places = []

    def another_body(self):
        return valid_body(self.resource.create.declared.body, self.root)

    def replacement(self):
        """Another body for what `body` created; what it belongs to stays."""
        other = valid_body(self.resource.replace.declared.body, self.root)
        return other | {name: self.body[name] for name in other if name.endswith("_id")}

    def create(self, body, status=201, **headers):
        answer = self.client.post(self.path, json=body, headers=self.headers | headers)
        assert answer.status_code == status, answer.text
        self.places += [answer.headers["Location"]] if status == 201 else []
        return answer

    def created(self):
        """The place and the ETag of a new one."""
        headers = self.create(self.body).headers
        return headers["Location"], headers["ETag"]

    def get(self, place):
        return self.client.get(place, headers=self.headers)

    def put(self, place, body, **headers):
        return self.client.put(place, json=body, headers=self.headers | headers)

    def patch(self, place, changes, etag):
        headers = self.headers | {"If-Match": etag}
        return self.client.patch(place, json=changes, headers=headers, content_type=MERGE_PATCH)

    def delete(self, place, **headers):
        return self.client.delete(place, headers=self.headers | headers)


@pytest.fixture
def writer(resource, client, as_role, dba):
    writer = Writer(resource, client, as_role("admin"), dba)
    yield writer
    for place in set(writer.places):
        writer.delete(place, **{"If-Match": "*"})


@EVERY_RESOURCE
def test_what_was_created_is_shown_where_location_says(writer):
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
def test_a_create_is_begin_one_insert_a_row_select_and_commit(writer, server):
    writer.get(writer.path)
    other = writer.another_body()
    without_key = statements(server, lambda: writer.create(writer.body))
    key = {"Idempotency-Key": uuid4().hex}
    with_key = statements(server, lambda: writer.create(other, **key))

    rows = 1 + ("address" in writer.body)
    assert without_key == 3 + rows
    assert with_key == 3 + rows + 1


@EVERY_RESOURCE
def test_a_change_is_begin_lock_update_select_and_commit(writer, server):
    place, etag = writer.created()
    new = writer.replacement()
    sent = statements(server, lambda: writer.put(place, new, **{"If-Match": etag}))

    assert sent == 5


@EVERY_RESOURCE
def test_letters_of_all_scripts_come_back_as_they_were_sent(writer):
    fields = writer.resource.create.declared.body.model_fields
    texts = {
        name: STRANGE
        for name, info in fields.items()
        if kinds_of(info.annotation) == {str} and "@" not in str(writer.body.get(name))
    }

    created = writer.create(writer.body | texts)

    assert writer.get(created.headers["Location"]).json.items() >= texts.items()


@EVERY_RESOURCE
def test_a_replacement_needs_the_etag_of_what_it_replaces(writer):
    place, etag = writer.created()
    other = writer.replacement()

    assert writer.put(place, other).status_code == 428
    assert writer.put(place, other, **{"If-Match": '"another"'}).status_code == 412
    assert writer.put(place, other, **{"If-Match": f"W/{etag}"}).status_code == 412
    assert writer.get(place).headers["ETag"] == etag
    done = writer.put(place, other, **{"If-Match": etag})
    assert done.status_code == 200, done.text
    assert done.headers["ETag"] != etag
    assert done.json == writer.get(place).json
    assert writer.put(place, other, **{"If-Match": etag}).status_code == 412


@EVERY_RESOURCE
def test_of_two_changes_at_once_with_one_etag_exactly_one_wins(writer, app):
    place, etag = writer.created()
    together = Barrier(2)

    def put(other):
        together.wait()
        headers = writer.headers | {"If-Match": etag}
        return app.test_client().put(place, json=other, headers=headers).status_code

    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(put, [writer.replacement(), writer.replacement()]))

    assert sorted(statuses) == [200, 412]


@EVERY_RESOURCE
def test_a_merge_patch_changes_what_it_names_and_nothing_else(writer):
    place, _ = writer.created()
    other = writer.replacement()
    for name, value in other.items():
        before = writer.get(place)
        done = writer.patch(place, {name: value}, before.headers["ETag"])

        assert done.status_code == 200, done.text
        kept = before.json.keys() - {name, "last_update"}
        assert {key: done.json[key] for key in kept} == {key: before.json[key] for key in kept}
        shown = done.json[name]
        assert shown == value or shown.items() >= value.items()


@EVERY_RESOURCE
def test_null_removes_what_may_be_left_out_and_nothing_else(writer):
    place, _ = writer.created()
    for name, info in writer.resource.patch.declared.patch.model_fields.items():
        before = writer.get(place)
        done = writer.patch(place, {name: None}, before.headers["ETag"])

        if info.is_required():
            assert done.status_code == 422
            assert [error["pointer"] for error in done.json["errors"]] == [f"/{name}"]
            assert writer.get(place).json == before.json
        else:
            assert (done.status_code, done.json.get(name)) == (200, shown_as(info.default))


def shown_as(value):
    """A default as JSON has it."""
    return str(value) if isinstance(value, Decimal) else value


@EVERY_RESOURCE
def test_a_patch_of_an_unknown_field_is_refused_at_any_depth(writer):
    place, etag = writer.created()
    parts = [name for name, value in writer.body.items() if isinstance(value, dict)]
    wrong = {"/colour": {"colour": None}}
    wrong |= {f"/{name}/a~1b": {name: {"a/b": 1}} for name in parts}

    for pointer, change in wrong.items():
        answer = writer.patch(place, change, etag)
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json["errors"]] == [pointer]


@EVERY_RESOURCE
def test_what_was_deleted_is_gone(writer):
    place, etag = writer.created()

    assert writer.delete(place).status_code == 428
    assert writer.delete(place, **{"If-Match": '"another"'}).status_code == 412
    deleted = writer.delete(place, **{"If-Match": etag})
    assert (deleted.status_code, deleted.data) == (204, b"")
    assert writer.get(place).status_code == 404
    assert writer.delete(place, **{"If-Match": etag}).status_code == 404
    assert writer.put(place, writer.replacement(), **{"If-Match": etag}).status_code == 404


@EVERY_RESOURCE
def test_what_has_to_be_unique_is_named_when_it_is_there_already(writer, dba):
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
def test_a_reference_to_what_does_not_exist_is_named(writer):
    for name, info in writer.resource.create.declared.body.model_fields.items():
        if name.endswith("_id"):
            largest = max(it.le for it in info.metadata if getattr(it, "le", None))
            problem = writer.create(writer.body | {name: largest}, status=409).json

            assert problem["type"].endswith(":missing-reference")
            assert [error["pointer"] for error in problem["errors"]] == [f"/{name}"]
