"""POST /v1/students:batch: a result for each item, and all of it in few statements."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app import create_app
from tests.resources.students.conftest import student
from tests.support.counting import statements
from tests.support.database import query, settings_for

URL = "/v1/students:batch"


def post(client, items, headers, **more):
    return client.post(URL, json={"items": items}, headers={**headers, **more})


def statuses(answer):
    assert answer.status_code == 207, answer.text
    return [item["status"] for item in answer.json["items"]]


def test_each_item_is_stored_and_shown_in_its_place(client, as_role, stored):
    items = [student(number) for number in range(5)]

    answer = post(client, items, as_role("admin"))

    assert statuses(answer) == [201] * 5
    for item, result in zip(items, answer.json["items"], strict=True):
        url = f"/v1/students/{result['student']['student_id']}"
        assert result["student"].items() >= item.items()
        assert client.get(url, headers=as_role("admin")).json == result["student"]
    assert stored() == [item["email"] for item in items]


def test_a_bad_item_does_not_keep_the_others_away(client, as_role, stored):
    items = [student(number) for number in range(8)]
    items[0]["campus_id"] = 250  # there is none
    items[2]["email"] = "nobody"
    items[3] = 5
    items[5]["email"] = items[4]["email"].upper()  # the earlier one wins
    items[7]["address"]["city_id"] = 60_000

    answer = post(client, items, as_role("admin"))

    assert statuses(answer) == [409, 201, 422, 422, 201, 409, 201, 409]
    assert stored() == [items[number]["email"] for number in (1, 4, 6)]
    pointers = [
        error["pointer"]
        for item in answer.json["items"]
        for error in item.get("problem", {}).get("errors", ())
    ]
    assert pointers == ["/campus_id", "/email", "", "/email", "/address/city_id"]


def test_the_problem_of_an_item_is_that_of_the_item_alone(client, as_role, stored):
    item = {**student(1), "active": "yes", "nickname": "Zo"}

    alone = client.post("/v1/students", json=item, headers=as_role("admin")).json
    (result,) = post(client, [item], as_role("admin")).json["items"]

    of_the_request = {"instance", "request_id"}
    assert result["status"] == alone["status"] == 422
    assert result["problem"].keys() == alone.keys()
    for name in alone.keys() - of_the_request:
        assert result["problem"][name] == alone[name]


def test_nothing_is_left_of_an_item_that_was_refused(client, as_role, stored, dba):
    addresses = lambda: query(dba, "SELECT COUNT(*) FROM address")  # noqa: E731
    before = addresses()

    post(client, [student(number, campus_id=250) for number in range(3)], as_role("admin"))

    assert addresses() == before


def test_staff_add_students_to_their_own_campus_only(client, as_role, me, stored):
    own, other = me["campus_id"], me["campus_id"] % 5 + 1
    items = [student(number, campus_id=other if number in {1, 2} else own) for number in range(5)]

    answer = post(client, items, as_role("staff"))

    assert statuses(answer) == [201, 403, 403, 201, 201]
    assert stored() == [items[number]["email"] for number in (0, 3, 4)]


def test_a_student_adds_nobody(client, as_role):
    assert post(client, [student(1)], as_role("student")).status_code == 403


@pytest.mark.parametrize(
    "body", [{}, {"items": []}, {"items": [{}] * 101}, {"items": {}}, {"items": [{}], "more": 1}]
)
def test_a_request_that_is_no_batch_is_refused_as_a_whole(body, client, as_role):
    answer = client.post(URL, json=body, headers=as_role("admin"))

    assert answer.status_code == 422


def test_a_hundred_students_are_six_statements(client, as_role, stored, server):
    headers = as_role("admin")
    client.get("/v1/students/1", headers=headers)  # a connection is open from here on
    items = [student(number) for number in range(100)]

    sent = statements(server, lambda: post(client, items, headers))

    # BEGIN, SAVEPOINT, INSERT of the addresses, INSERT, SELECT, COMMIT
    assert (sent, len(stored())) == (6, 100)


def test_one_fault_among_a_hundred_is_found_in_a_few_dozen_statements(
    client, as_role, stored, server
):
    headers = as_role("admin")
    items = [student(number) for number in range(100)]
    items[63]["campus_id"] = 250

    sent = statements(server, lambda: post(client, items, headers))

    assert len(stored()) == 99
    assert sent <= 70


def test_a_hundred_faults_are_at_most_eight_statements_each(client, as_role, stored, server):
    headers = as_role("admin")
    items = [student(number, campus_id=250) for number in range(100)]

    sent = statements(server, lambda: post(client, items, headers))

    assert stored() == []
    assert sent <= 800


def test_a_batch_with_a_key_is_stored_once_and_answered_the_same(client, as_role, stored):
    items = [student(1), student(2, campus_id=250), student(3)]
    key = {"Idempotency-Key": "a-batch-of-three"}

    first = post(client, items, as_role("admin"), **key)
    again = post(client, items, as_role("admin"), **key)

    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert stored() == [items[0]["email"], items[2]["email"]]


def test_two_batches_with_one_key_at_once_are_one(app, as_role, stored):
    items = [student(number) for number in range(20)]
    headers = as_role("admin")

    def send(_):
        key = {"Idempotency-Key": "at-once"}
        return post(app.test_client(), items, headers, **key)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))

    assert all(statuses(answer) == [201] * 20 for answer in answers)
    assert len({answer.text for answer in answers}) == 1
    assert len(stored()) == 20


@pytest.fixture
def counting_in_threes(dba, migrated):
    """The application on a server whose keys go up in steps, as in a cluster of several writers."""
    query(dba, "SET GLOBAL auto_increment_increment = 3")
    app = create_app(settings_for(migrated))
    yield app.test_client()
    app.extensions["database"].close()
    query(dba, "SET GLOBAL auto_increment_increment = 1")


def test_each_has_their_address_where_keys_are_counted_in_steps(
    counting_in_threes, as_role, stored, server
):
    client, headers = counting_in_threes, as_role("admin")
    client.get("/v1/students/1", headers=headers)  # a connection is open from here on
    answers = []

    sent = statements(
        server, lambda: answers.append(post(client, [student(it) for it in range(4)], headers))
    )

    streets = [item["student"]["address"]["address"] for item in answers[0].json["items"]]
    assert (streets, sent) == ([f"=Þórsgata {number}" for number in range(4)], 6)
