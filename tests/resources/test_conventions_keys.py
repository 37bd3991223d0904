"""What holds for every POST that takes an Idempotency-Key."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from threading import Barrier
from uuid import uuid4

import pytest

from app import create_app
from tests.db.relay import Relay, through
from tests.support.catalog import resources, valid_body
from tests.support.database import query, settings_for

KEYED = [it for it in resources() if it.create and it.create.declared.idempotency_key]
EVERY_RESOURCE = pytest.mark.parametrize("resource", KEYED, ids=lambda it: it.list.path)


class Poster:
    """Sends one body with one key; what it created is forgotten afterwards."""

    def __init__(self, app, path, headers, body):
        self.app, self.path, self.headers, self.body = app, path, headers, body
        self.key = uuid4().hex
        self.places = set()

    def post(self, body=None, key=None, **headers):
        headers = {**self.headers, "Idempotency-Key": key or self.key, **headers}
        answer = self.app.test_client().post(self.path, json=body or self.body, headers=headers)
        if answer.status_code == 201:
            self.places.add(answer.headers["Location"])
        return answer


@pytest.fixture
def poster(resource, app, as_role, dba):
    path, body = resource.list_path(dba), valid_body(resource.create.declared.body, dba)
    poster = Poster(app, path, as_role("admin"), body)
    yield poster
    for place in poster.places:
        app.test_client().delete(place, headers=as_role("admin") | {"If-Match": "*"})


@EVERY_RESOURCE
def test_a_request_that_is_repeated_gets_the_first_answer_again(poster):
    first, again, quoted = poster.post(), poster.post(), poster.post(key=f'"{poster.key}"')

    assert first.status_code == 201
    assert "Idempotency-Replayed" not in first.headers
    for repeated in (again, quoted):
        assert (repeated.status_code, repeated.data) == (201, first.data)
        assert repeated.headers["Location"] == first.headers["Location"]
        assert repeated.headers["ETag"] == first.headers["ETag"]
        assert repeated.headers["Idempotency-Replayed"] == "true"
    assert len(poster.places) == 1


@EVERY_RESOURCE
def test_a_key_of_another_request_is_refused(poster, resource, dba):
    poster.post()

    answer = poster.post(valid_body(resource.create.declared.body, dba))

    assert answer.status_code == 422
    assert answer.json["type"].endswith(":key-reused")
    assert len(poster.places) == 1


@EVERY_RESOURCE
def test_a_request_that_failed_did_not_use_its_key(poster):
    refused = poster.post({**poster.body, "colour": "red"})
    done = poster.post()

    assert (refused.status_code, done.status_code) == (422, 201)


@EVERY_RESOURCE
@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é", '"', '""', 'a"b'])
def test_a_key_that_cannot_be_used_is_named(key, poster):
    answer = poster.post(**{"Idempotency-Key": key})

    assert answer.status_code == 400
    assert answer.json["errors"][0]["header"] == "Idempotency-Key"
    assert poster.places == set()


@EVERY_RESOURCE
def test_eight_requests_at_once_with_one_key_store_one_row(poster, resource, dba):
    count = f"SELECT COUNT(*) FROM {resource.table}"
    ((before,),) = query(dba, count)
    together = Barrier(8)

    def post(_):
        together.wait()
        return poster.post()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(post, range(8)))

    ((after,),) = query(dba, count)
    assert after == before + 1
    assert {answer.status_code for answer in answers} <= {201, 409}
    created = [answer for answer in answers if answer.status_code == 201]
    assert len({answer.data for answer in created}) == 1
    assert len(poster.places) == 1


def test_a_key_belongs_to_its_caller(app, as_role, me, dba):
    (students,) = [it for it in KEYED if it.list.path == "/v1/students"]
    bodies = [valid_body(students.create.declared.body, dba) for _ in range(2)]
    posters = [
        Poster(app, "/v1/students", as_role(role), {**body, "campus_id": me["campus_id"]})
        for role, body in zip(("admin", "staff"), bodies, strict=True)
    ]

    answers = [poster.post(key="the-same-for-both") for poster in posters]

    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json["email"] != answers[1].json["email"]
    for answer in answers:
        headers = as_role("admin") | {"If-Match": "*"}
        app.test_client().delete(answer.headers["Location"], headers=headers)


def test_a_repeated_request_gets_its_answer_also_where_it_could_not_be_made_any_more(
    app, as_role, course, dba
):
    chapter = {"title": "At low tide", "chapter_number": 1}
    poster = Poster(app, f"/v1/courses/{course}/chapters", as_role("admin"), chapter)
    first = poster.post()
    query(dba, "DELETE FROM chapter WHERE course_id = %s", (course,))
    query(dba, "DELETE FROM course WHERE course_id = %s", (course,))

    again, anew = poster.post(), poster.post(key="another-one")

    assert (again.status_code, again.data) == (201, first.data)
    assert anew.status_code == 404


def test_what_a_key_holds_stays_unknown_where_it_cannot_be_read(as_role, server, migrated, dba):
    (campuses,) = [it for it in KEYED if it.list.path == "/v1/campuses"]
    body = valid_body(campuses.create.declared.body, dba)
    with Relay(server.port) as relay:
        application = create_app(settings_for(through(relay, migrated)))
        poster = Poster(application, "/v1/campuses", as_role("admin"), body)
        first = poster.post()
        relay.cut_response_to = b"SELECT LOWER(HEX(request_fingerprint))"
        unheard = poster.post()
        relay.cut_response_to = None
        heard = poster.post()
        application.extensions["database"].close()
        headers = as_role("admin") | {"If-Match": "*"}
        application.test_client().delete(first.headers["Location"], headers=headers)

    assert (unheard.status_code, unheard.json["type"].rpartition(":")[2]) == (
        503,
        "outcome-unknown",
    )
    assert (heard.status_code, heard.data) == (201, first.data)


@pytest.fixture
def impatient(server, migrated):
    """An application whose connections wait one second for a lock."""
    with server.connect() as dba:
        query(dba, "SET GLOBAL innodb_lock_wait_timeout = 1")
        application = create_app(settings_for(migrated))
        application.test_client().get("/readyz")  # connects
        query(dba, "SET GLOBAL innodb_lock_wait_timeout = DEFAULT")
    yield application
    application.extensions["database"].close()


def test_a_request_whose_twin_is_still_running_is_told_so(
    impatient, as_role, server, migrated, dba
):
    (campuses,) = [it for it in KEYED if it.list.path == "/v1/campuses"]
    body = valid_body(campuses.create.declared.body, dba)
    poster = Poster(impatient, "/v1/campuses", as_role("admin"), body)
    with closing(server.connect(migrated)) as twin:
        query(twin, "BEGIN")
        query(
            twin,
            """
            INSERT INTO idempotency_key (api_user_id, idempotency_key, method, path,
                                         request_fingerprint)
            SELECT api_user_id, %s, 'POST', '/v1/campuses', UNHEX(SHA2('', 256))
            FROM api_user WHERE role = 'admin' LIMIT 1
            """,
            (poster.key,),
        )
        answer = poster.post()
        query(twin, "ROLLBACK")

    assert answer.status_code == 409, answer.text
    assert answer.json["type"].endswith(":still-running")
    assert int(answer.headers["Retry-After"]) >= 1
    assert poster.places == set()
