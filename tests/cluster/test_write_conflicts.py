"""Two writers that check the same rows: of two nodes, one is refused, as on a single server.

Each test counts the results of many rounds; one wrong result is a failure. With `nodes` (1, 1), the
same is shown for one server.
"""

import secrets

import pytest

from app.auth import queries as users
from app.auth import resources as auth
from app.auth import sessions
from tests.cluster.racing import at_once, count_of, looking, statuses, writers
from tests.support.api import ADDRESS

pytestmark = pytest.mark.nightly

CAMPUS_1 = {"campus_id": 1, "first_name": "R", "last_name": "Racer", "active": True}


@pytest.fixture(params=[(1, 1), (1, 2)], ids=["one node", "two nodes"])
def two(request, galera):
    with writers(galera, request.param) as opened:
        yield opened


@pytest.fixture
def tag():
    """A text that makes the names of a test's rows unique in the database, and short."""
    return secrets.token_hex(4)


@pytest.fixture
def look(galera):
    with looking(galera) as function:
        yield function


def person(name):
    return {**CAMPUS_1, "email": f"{name}@example.edu", "address": {**ADDRESS, "address": name}}


def created(writer, path, body):
    """Create a row; return its URL."""
    response = writer.send("POST", path, body)
    assert response.status_code == 201, response.text
    return response.headers["Location"]


def etag(writer, path):
    return writer.send("GET", path).headers.get("ETag")


def seen_by_both(two, path):
    """Return the ETag that both writers see; a node applies the changes of another one later."""
    while True:
        first, second = (etag(writer, path) for writer in two)
        if first and first == second:
            return {"If-Match": first}


@pytest.mark.parametrize(("resource", "name"), [("students", "last_name"), ("campuses", "name")])
def test_of_two_changes_with_one_etag_one_is_refused(two, tag, resource, name):
    """One changes the row, the other one only its address."""

    def one_round(number):
        path = f"/v1/{resource}/{1 + number % 3}"
        match = seen_by_both(two, path)
        return tuple(
            sorted(
                statuses(
                    lambda: two[0].send("PATCH", path, {name: f"Name {number} {tag}"}, **match),
                    lambda: two[1].send(
                        "PATCH",
                        path,
                        {"address": {"district": f"{tag} {number}"}},
                        **match,
                    ),
                )
            )
        )

    assert set(count_of(one_round)) == {(200, 412)}


@pytest.mark.parametrize("is_shared", [False, True], ids=["own address", "shared address"])
def test_a_row_is_not_deleted_with_the_etag_of_its_old_address(two, tag, look, is_shared):
    def one_round(number):
        path = created(two[0], "/v1/students", person(f"deleted-{number}-{tag}"))
        if is_shared:
            look(
                "UPDATE student SET address_id = (SELECT address_id FROM campus"
                " WHERE campus_id = 2) WHERE student_id = %s",
                path.rpartition("/")[2],
            )
        match = seen_by_both(two, path)
        deleted, changed = statuses(
            lambda: two[0].send("DELETE", path, **match),
            lambda: two[1].send(
                "PATCH", path, {"address": {"district": f"{tag} {number}"}}, **match
            ),
        )
        return deleted, changed

    assert set(count_of(one_round)) <= {(204, 404), (412, 200)}


@pytest.fixture
def user(look):
    """The sample member of staff; the password is restored."""
    ((key, password_hash),) = look(
        "SELECT api_user_id, password_hash FROM api_user WHERE user_name = 'staff'"
    )
    yield key
    look("UPDATE api_user SET password_hash = %s WHERE api_user_id = %s", password_hash, key)


def signed_in(writer, user, password_hash, **options):
    """Start a session for a user whose password was verified, as the service does."""
    with writer.app.app_context():
        return auth._sign_in(user, password_hash, **options)


def is_live(look, token):
    return bool(
        look(
            "SELECT 1 FROM refresh_token WHERE token_hash = %s AND revoke_date IS NULL",
            sessions._hash(token),
        )
    )


def test_a_sign_in_with_the_old_password_does_not_survive_its_change(two, look, user):
    def one_round(number):
        row = users.get_active_user_by_id(two[0].database, user)
        while users.get_active_user_by_id(two[1].database, user) != row:
            pass
        old = row["password_hash"]
        with_old, changed = at_once(
            lambda: signed_in(two[0], row, old),
            lambda: signed_in(two[1], row, f"hash {number} {old[-9:]}", revoke_other_sessions=True),
        )
        survived = with_old is not None and is_live(look, with_old.refresh_token)
        return changed is not None, survived

    assert set(count_of(one_round)) == {(True, False)}


def test_a_refresh_token_is_exchanged_once(two, user):
    def one_round(_):
        token = sessions.new_token()
        two[0].database.run_transaction(lambda tx: sessions.start(tx, user, token, seconds=60))
        wait_for(two[1], token)

        def exchange(writer):
            successor = sessions.new_token()
            return writer.database.run_transaction(
                lambda tx: sessions.rotate(tx, token, successor, seconds=60)
            )

        results = at_once(lambda: exchange(two[0]), lambda: exchange(two[1]))
        return tuple(sorted(getattr(result, "name", "exchanged") for result in results))

    assert set(count_of(one_round)) == {("JUST_USED", "exchanged")}


@pytest.mark.parametrize("end", ["sign out", "new password"])
def test_the_successor_of_a_revoked_token_is_not_left(two, look, user, end):
    def one_round(number):
        token, successor = sessions.new_token(), sessions.new_token()
        two[0].database.run_transaction(lambda tx: sessions.start(tx, user, token, seconds=60))
        wait_for(two[1], token)

        def stop(tx):
            if end == "sign out":
                sessions.revoke(tx, token)
            else:
                users.set_password_hash(tx, user, f"hash {number} {token}")
                sessions.revoke_all(tx, user)

        at_once(
            lambda: two[0].database.run_transaction(
                lambda tx: sessions.rotate(tx, token, successor, seconds=60)
            ),
            lambda: two[1].database.run_transaction(stop),
        )
        return is_live(look, token), is_live(look, successor)

    assert set(count_of(one_round)) == {(False, False)}


def wait_for(writer, token):
    """Wait until the writer's node has the token."""
    sql = "SELECT 1 FROM refresh_token WHERE token_hash = %s"
    while writer.database.fetch_one(sql, (sessions._hash(token),)) is None:
        pass


def test_an_email_address_is_stored_once(two, tag):
    def one_round(number):
        body = person(f"once-{number}-{tag}")
        return tuple(
            sorted(statuses(*(lambda w=w: w.send("POST", "/v1/students", body) for w in two)))
        )

    assert set(count_of(one_round)) == {(201, 409)}


def test_a_request_with_one_idempotency_key_is_executed_once(two, tag, look):
    body = {"title": f"Racing {tag}", "level": "advanced", "description": "Twice."}

    def one_round(number):
        key = {"Idempotency-Key": f"race-{tag}-{number}"}
        responses = at_once(*(lambda w=w: w.send("POST", "/v1/courses", body, **key) for w in two))
        stored = {(response.status_code, response.json.get("course_id")) for response in responses}
        return len(stored), min(status for status, _ in stored), max(status for status, _ in stored)

    counts = count_of(one_round)

    assert set(counts) == {(1, 201, 201)}
    assert look("SELECT COUNT(*) FROM course WHERE title = %s", body["title"]) == ((200,),)


def campus(writer, name):
    body = {"name": name, "address": {**ADDRESS, "address": name}}
    return created(writer, "/v1/campuses", body)


def course(writer, name):
    return created(writer, "/v1/courses", {"title": name, "level": "advanced", "description": "-"})


def student(writer, name):
    return created(writer, "/v1/students", person(name))


def key_of(path):
    return int(path.rpartition("/")[2])


def enroll(writer, path):
    return writer.send("POST", "/v1/enrollments", {"student_id": key_of(path), "course_id": 1})


def add_chapter(writer, path):
    return writer.send("POST", f"{path}/chapters", {"chapter_number": 1, "title": "First"})


def add_subject(writer, path):
    return writer.send("PUT", f"{path}/subjects/1")


def add_student(writer, path):
    body = {**person(f"child-{key_of(path)}-{secrets.token_hex(4)}"), "campus_id": key_of(path)}
    return writer.send("POST", "/v1/students", body)


CHILDREN = {
    "enrollment": (student, enroll, "enrollment LEFT JOIN student USING (student_id)"),
    "chapter": (course, add_chapter, "chapter LEFT JOIN course USING (course_id)"),
    "link": (course, add_subject, "course_subject LEFT JOIN course USING (course_id)"),
    "student": (campus, add_student, "student LEFT JOIN campus USING (campus_id)"),
}


@pytest.mark.parametrize("child", CHILDREN)
def test_a_row_is_not_stored_below_a_deleted_parent(two, tag, galera, child):
    create_parent, add, joined = CHILDREN[child]
    parent = joined.split()[3]

    def one_round(number):
        path = create_parent(two[0], f"{child}-{number}-{tag}")
        match = seen_by_both(two, path)
        added, deleted = statuses(
            lambda: add(two[0], path), lambda: two[1].send("DELETE", path, **match)
        )
        return added < 300, deleted == 204

    counts = count_of(one_round)

    # A link to a course is deleted with it.
    allowed = {(True, False), (False, True), *([(True, True)] if child == "link" else [])}
    assert set(counts) <= allowed, counts
    for number in galera.nodes:
        with looking(galera, number) as look:
            orphans = look(f"SELECT COUNT(*) FROM {joined} WHERE {parent}.last_update IS NULL")
            assert orphans == ((0,),)
