"""The service with a read replica: read-your-writes over two instances, and what needs no replica.

Both instances are in this process, and share the two servers and nothing else.
"""

import random
import threading
from contextlib import ExitStack, contextmanager

import pytest

from app import create_app
from app.http.caller import STAFF
from app.openapi.endpoints import endpoints
from app.operations import replica_checks
from tests.support.api import delete, merge_patch
from tests.support.counting import changes
from tests.support.database import query, settings_for
from tests.support.replication import wait_until
from tests.support.signing_in import sign_in_response

HOUR = 3600
TOKEN = "Consistency-Token"
PAIRS = 500
# Operations that are not GET, and that callers other than STAFF may use.
WRITE_NOTHING_THAT_IS_READ_BACK = {"/v1/users/me/password", "/v1/students/<key:student_id>/at-data"}


@pytest.fixture
def start(migrated, read_url):
    """A function that creates an instance of the service."""
    with ExitStack() as stack:

        def create(**settings):
            app = create_app(settings_for(migrated, **{"database_read_url": read_url, **settings}))
            stack.callback(app.extensions["database"].close)
            return app

        yield create


@pytest.fixture
def app(start):
    """An instance that has measured the replica once."""
    application = start(db_replica_max_lag_seconds=HOUR)
    application.extensions["database"].reader().fetch_one("SELECT 1")
    return application


@pytest.fixture
def admin(as_role):
    return as_role("admin")


@pytest.fixture
def subject(client, admin):
    """The URL of a new subject; deleted after the test."""
    created = client.post("/v1/subjects", json={"name": "Tides"}, headers=admin)
    assert created.status_code == 201, created.text
    path = created.headers["Location"]
    yield path
    delete(client, path, admin)


def statistics(app):
    return app.extensions["database"].statistics()


def rename(client, path, name, headers):
    response = merge_patch(client, path, {"name": name}, headers)
    assert response.status_code == 200, response.text
    return response


def name_seen(client, path, headers):
    return client.get(path, headers=headers).json["name"]


def test_no_client_reads_less_than_it_wrote(start, admin, subject, replica):
    """500 writes through one instance, each read back through another, on a replica that lags."""
    writer, reader = (start(db_replica_max_lag_seconds=0.1) for _ in range(2))
    writing, reading = writer.test_client(), reader.test_client()
    etag = writing.get(subject, headers=admin).headers["ETag"]
    stale = 0
    with lagging(replica):
        for number in range(PAIRS):
            body = {"name": f"Tides {number}"}
            written = writing.put(subject, json=body, headers={**admin, "If-Match": etag})
            assert written.status_code == 200, written.text
            etag = written.headers["ETag"]
            read = reading.get(subject, headers={**admin, TOKEN: written.headers[TOKEN]})
            stale += read.headers["ETag"] != etag

    assert stale == 0
    # Both happened: reads of the replica, and reads for which it was not recent enough.
    assert statistics(reader)["replica_reads"] > 0
    assert statistics(reader)["replica_declined"] > 0


@contextmanager
def lagging(replica):
    """Stop and start the replica's applier all the time."""
    done = threading.Event()

    def stop_and_start():
        while not done.wait(random.uniform(0, 0.05)):
            with replica.stopped():
                done.wait(random.uniform(0, 0.05))

    thread = threading.Thread(target=stop_and_start)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def test_the_token_decides_which_server_reads(client, admin, as_role, subject, replica):
    replica.wait()
    with replica.stopped():
        token = {TOKEN: rename(client, subject, "Currents", admin).headers[TOKEN]}

        # Without a token, only those who may not write read the replica.
        assert name_seen(client, subject, {**admin, **token}) == "Currents"
        assert name_seen(client, subject, admin) == "Currents"
        assert name_seen(client, subject, as_role("staff")) == "Currents"
        assert name_seen(client, subject, as_role("student")) == "Tides"


def test_another_client_of_the_same_user_still_reads_the_replica(
    start, client, admin, subject, replica
):
    """The client that wrote reads the primary, and no other one."""
    other = {TOKEN: rename(client, subject, "Swell", admin).headers[TOKEN]}
    replica.wait()
    reading = start(db_replica_max_lag_seconds=HOUR).test_client()
    assert name_seen(reading, subject, {**admin, **other}) == "Swell"
    with replica.stopped():
        own = {TOKEN: rename(client, subject, "Currents", admin).headers[TOKEN]}

        assert name_seen(reading, subject, {**admin, **own}) == "Currents"
        assert name_seen(reading, subject, {**admin, **other}) == "Swell"


def test_tokens_of_several_writes_may_be_sent_together(client, admin, subject, replica):
    with replica.stopped():
        first, second = (
            rename(client, subject, name, admin).headers[TOKEN] for name in ("Currents", "Swell")
        )

        for tokens in (f"{first}, {second}", f"{second},{first}"):
            assert name_seen(client, subject, {**admin, TOKEN: tokens}) == "Swell"


@pytest.mark.parametrize("token", ["yesterday", "0-1-99999999999999999999", "0-1-1" * 500, ","])
def test_a_token_that_is_none_never_fails_a_request(token, client, admin, subject, replica):
    with replica.stopped():
        rename(client, subject, "Currents", admin)

        response = client.get(subject, headers={**admin, TOKEN: token})

    assert (response.status_code, response.json["name"]) == (200, "Currents")


def test_a_lost_update_can_be_repaired_at_once(client, admin, subject, replica):
    """The response 412 has a token: the client need not wait for the replica."""
    outdated = {"If-Match": '"outdated"'}
    with replica.stopped():
        rename(client, subject, "Currents", admin)
        lost = client.put(subject, json={"name": "Swell"}, headers={**admin, **outdated})
        assert lost.status_code == 412

        headers = {**admin, TOKEN: lost.headers[TOKEN]}

        assert rename(client, subject, "Swell", headers).json["name"] == "Swell"


def test_a_replayed_response_has_a_token(client, admin):
    headers = {**admin, "Idempotency-Key": "replica-1"}
    responses = [
        client.post("/v1/subjects", json={"name": "Reefs"}, headers=headers) for _ in range(2)
    ]

    assert [response.status_code for response in responses] == [201, 201]
    assert "Idempotency-Replayed" in responses[1].headers
    assert responses[1].headers[TOKEN]
    delete(client, responses[0].headers["Location"], admin)


def test_signing_in_returns_a_token(client, server):
    assert sign_in_response(client, server.users[0]).headers[TOKEN]


def test_no_read_has_a_token(client, admin, subject):
    assert TOKEN not in client.get(subject, headers=admin).headers


def test_the_write_path_does_not_use_the_replica(start, admin, replica, server):
    """On which it could not: the replica is read-only."""
    app = start()
    client = app.test_client()

    def write():
        sign_in_response(client, server.users[0])
        headers = {**admin, "Idempotency-Key": "replica-2"}
        created = client.post("/v1/subjects", json={"name": "Ice"}, headers=headers)
        headers = {**admin, "If-Match": created.headers["ETag"]}
        path = created.headers["Location"]
        changed = client.put(path, json={"name": "Snow"}, headers=headers)
        headers = {**admin, "If-Match": changed.headers["ETag"]}
        assert client.delete(path, headers=headers).status_code == 204

    assert changes(replica.server, write, "Questions")["Questions"] == 0
    assert statistics(app)["replica_opened"] == 0


def test_only_staff_may_write_what_is_read_back(app):
    found = {
        endpoint.rule.rule
        for endpoint in endpoints(app)
        if endpoint.method != "get"
        and endpoint.declared.roles is not None
        and not endpoint.declared.roles <= STAFF
    }

    assert found == WRITE_NOTHING_THAT_IS_READ_BACK


@pytest.mark.parametrize(
    "path",
    [
        "/v1/students",
        "/v1/students/{student_id}",
        "/v1/students/{student_id}/progress",
        "/v1/students/{student_id}/average",
        "/v1/students/export",
        "/v1/courses/1/chapters",
        "/?city=London",
    ],
)
def test_every_kind_of_read_can_be_served_by_the_replica(path, client, as_role, me, server):
    headers = as_role("student")
    path = path.format(**me)

    response = []
    count = changes(server, lambda: response.append(client.get(path, headers=headers)), "Questions")

    assert response[0].status_code == 200
    assert count["Questions"] == 0


def test_readyz_and_metrics_tell_that_the_replica_is_not_used(start, as_role, replica):
    app = start(db_replica_max_lag_seconds=0.2)
    client = app.test_client()
    read = "/v1/subjects"
    with replica.stopped():
        query(replica.primary.watcher, "CREATE DATABASE advance_the_position")

        def replica_problem():
            client.get(read, headers=as_role("student"))
            return client.get("/readyz").json.get("replica")

        assert "primary serves all reads" in wait_until(replica_problem, "it is in /readyz")
        assert client.get("/readyz").status_code == 200
        assert "database_replica_usable 0.0" in client.get("/metrics").text
    query(replica.primary.watcher, "DROP DATABASE advance_the_position")
    wait_until(lambda: replica_problem() is None, "the replica is used again")
    assert "database_replica_usable 1.0" in client.get("/metrics").text
    assert 'event="replica_reads"' in client.get("/metrics").text


def test_the_doctor_checks_the_replica(migrated, read_url, server, replica):
    def observed(url):
        settings = settings_for(migrated, database_read_url=url)
        with app_database(settings) as database:
            (finding,) = replica_checks.findings(database, settings)
        return finding

    unreachable = read_url.replace(f":{replica.server.port}/", ":1/")
    assert observed(read_url).remedy == ""
    assert "no connection" in observed(unreachable).observed
    assert observed(migrated).remedy  # the primary itself
    assert replica_checks.findings(None, settings_for(migrated)) == []


@contextmanager
def app_database(settings):
    database = create_app(settings).extensions["database"]
    try:
        yield database
    finally:
        database.close()
