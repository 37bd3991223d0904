"""Conventions for every POST that accepts an Idempotency-Key."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from uuid import uuid4

import pytest

from app import create_app
from tests.db.relay import Relay, through
from tests.support.catalog import resources, valid_body
from tests.support.counting import statements
from tests.support.database import query, settings_for

KEYED = [it for it in resources() if it.create and it.create.declared.idempotency_key]
EVERY_RESOURCE = pytest.mark.parametrize("resource", KEYED, ids=lambda it: it.list.path)


class Poster:
    """Sends one body with one key, and collects the locations of the created resources."""

    def __init__(self, app, path, headers, body):
        self.app, self.path, self.headers, self.body = app, path, headers, body
        self.key = uuid4().hex
        self.locations = set()

    def post(self, body=None, key=None, **headers):
        headers = {**self.headers, "Idempotency-Key": key or self.key, **headers}
        response = self.app.test_client().post(self.path, json=body or self.body, headers=headers)
        if response.status_code == 201:
            self.locations.add(response.headers["Location"])
        return response


@pytest.fixture
def poster(resource, app, as_role, dba):
    path, body = resource.list_path(dba), valid_body(resource.create.declared.body, dba)
    poster = Poster(app, path, as_role("admin"), body)
    yield poster
    for location in poster.locations:
        app.test_client().delete(location, headers=as_role("admin") | {"If-Match": "*"})


@EVERY_RESOURCE
def test_a_repeated_request_returns_the_stored_response(poster):
    first, again, quoted = poster.post(), poster.post(), poster.post(key=f'"{poster.key}"')

    assert first.status_code == 201
    assert "Idempotency-Replayed" not in first.headers
    for repeated in (again, quoted):
        assert (repeated.status_code, repeated.data) == (201, first.data)
        assert repeated.headers["Location"] == first.headers["Location"]
        assert repeated.headers["ETag"] == first.headers["ETag"]
        assert repeated.headers["Idempotency-Replayed"] == "true"
    assert len(poster.locations) == 1


@pytest.fixture
def next_keys(resource, dba):
    """A function that returns the next key of the resource's table, and of its address."""

    def read():
        texts = [
            query(dba, f"SHOW CREATE TABLE {table}")[0][1] for table in (resource.table, "address")
        ]
        return [re.search(r"AUTO_INCREMENT=(\d+)", text)[1] for text in texts]

    return read


@EVERY_RESOURCE
def test_repeated_requests_take_one_statement_and_use_up_no_keys(poster, next_keys, server):
    poster.post()
    before = next_keys()

    sent = statements(server, lambda: [poster.post() for _ in range(20)])

    assert next_keys() == before
    assert sent == 20


@EVERY_RESOURCE
def test_a_key_used_for_another_body_is_rejected(poster, resource, dba):
    poster.post()

    response = poster.post(valid_body(resource.create.declared.body, dba))

    assert response.status_code == 422
    assert response.json["type"].endswith(":key-reused")
    assert len(poster.locations) == 1


@EVERY_RESOURCE
def test_a_rejected_request_does_not_use_up_its_key(poster):
    rejected = poster.post({**poster.body, "colour": "red"})
    created = poster.post()

    assert (rejected.status_code, created.status_code) == (422, 201)


@EVERY_RESOURCE
@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é", '"', '""', 'a"b'])
def test_an_invalid_key_is_rejected(key, poster):
    response = poster.post(**{"Idempotency-Key": key})

    assert response.status_code == 400
    assert response.json["errors"][0]["header"] == "Idempotency-Key"
    assert poster.locations == set()


@EVERY_RESOURCE
def test_eight_simultaneous_requests_with_one_key_store_one_row(poster, resource, dba):
    count = f"SELECT COUNT(*) FROM {resource.table}"
    ((before,),) = query(dba, count)
    barrier = Barrier(8)

    def post(_):
        barrier.wait()
        return poster.post()

    with ThreadPoolExecutor(8) as pool:
        responses = list(pool.map(post, range(8)))

    ((after,),) = query(dba, count)
    assert after == before + 1
    assert {response.status_code for response in responses} <= {201, 409}
    created = [response for response in responses if response.status_code == 201]
    assert len({response.data for response in created}) == 1
    assert len(poster.locations) == 1


def test_the_same_key_of_two_callers_is_independent(app, as_role, me, dba):
    (students,) = [it for it in KEYED if it.list.path == "/v1/students"]
    bodies = [valid_body(students.create.declared.body, dba) for _ in range(2)]
    posters = [
        Poster(app, "/v1/students", as_role(role), {**body, "campus_id": me["campus_id"]})
        for role, body in zip(("admin", "staff"), bodies, strict=True)
    ]

    responses = [poster.post(key="the-same-for-both") for poster in posters]

    assert [response.status_code for response in responses] == [201, 201]
    assert responses[0].json["email"] != responses[1].json["email"]
    for response in responses:
        headers = as_role("admin") | {"If-Match": "*"}
        app.test_client().delete(response.headers["Location"], headers=headers)


def test_the_stored_response_is_returned_even_if_the_request_would_now_fail(
    app, as_role, course, dba
):
    chapter = {"title": "At low tide", "chapter_number": 1}
    poster = Poster(app, f"/v1/courses/{course}/chapters", as_role("admin"), chapter)
    first = poster.post()
    query(dba, "DELETE FROM chapter WHERE course_id = %s", (course,))
    query(dba, "DELETE FROM course WHERE course_id = %s", (course,))

    again, new = poster.post(), poster.post(key="another-one")

    assert (again.status_code, again.data) == (201, first.data)
    assert new.status_code == 404


def test_the_outcome_is_unknown_if_the_stored_response_cannot_be_read(
    as_role, server, migrated, dba
):
    (campuses,) = [it for it in KEYED if it.list.path == "/v1/campuses"]
    body = valid_body(campuses.create.declared.body, dba)
    with Relay(server.port) as relay:
        application = create_app(settings_for(through(relay, migrated)))
        poster = Poster(application, "/v1/campuses", as_role("admin"), body)
        first = poster.post()
        relay.cut_response_to = b"LOWER(HEX(request_fingerprint))"
        unread = poster.post()
        relay.cut_response_to = None
        read = poster.post()
        application.extensions["database"].close()
        headers = as_role("admin") | {"If-Match": "*"}
        application.test_client().delete(first.headers["Location"], headers=headers)

    assert (unread.status_code, unread.json["type"].rpartition(":")[2]) == (
        503,
        "outcome-unknown",
    )
    assert (read.status_code, read.data) == (201, first.data)


@pytest.fixture
def app_with_short_lock_timeout(server, migrated):
    """An application whose connections wait for locks for one second."""
    with server.connect() as dba:
        query(dba, "SET GLOBAL innodb_lock_wait_timeout = 1")
        application = create_app(settings_for(migrated))
        application.test_client().get("/readyz")  # connects
        query(dba, "SET GLOBAL innodb_lock_wait_timeout = DEFAULT")
    yield application
    application.extensions["database"].close()


def test_a_request_whose_duplicate_is_still_running_is_rejected(
    app_with_short_lock_timeout, as_role, server, migrated, dba
):
    (campuses,) = [it for it in KEYED if it.list.path == "/v1/campuses"]
    body = valid_body(campuses.create.declared.body, dba)
    poster = Poster(app_with_short_lock_timeout, "/v1/campuses", as_role("admin"), body)
    with closing(server.connect(migrated)) as other:
        query(other, "BEGIN")
        query(
            other,
            """
            INSERT INTO idempotency_key (api_user_id, idempotency_key, method, path,
                                         request_fingerprint)
            SELECT api_user_id, %s, 'POST', '/v1/campuses', UNHEX(SHA2('', 256))
            FROM api_user WHERE role = 'admin' LIMIT 1
            """,
            (poster.key,),
        )
        response = poster.post()
        query(other, "ROLLBACK")

    assert response.status_code == 409, response.text
    assert response.json["type"].endswith(":still-running")
    assert int(response.headers["Retry-After"]) >= 1
    assert poster.locations == set()
