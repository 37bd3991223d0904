"""POST /v1/students:batch: the result of each item, and the number of statements."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.http.caller import ANY_ROLE, authorize
from app.http.idempotency import MAX_STORED_BYTES, run_idempotently
from app.http.problems import Problem
from app.http.responses import ResponseData
from app.resources.addresses import queries as addresses
from app.resources.students.batch import MAX_ERRORS_PER_ITEM
from tests.resources.students.conftest import student
from tests.support.counting import statements
from tests.support.database import query

URL = "/v1/students:batch"


def post(client, items, headers, **more):
    return client.post(URL, json={"items": items}, headers={**headers, **more})


def statuses(response):
    assert response.status_code == 207, response.text
    return [item["status"] for item in response.json["items"]]


def test_all_items_are_stored_and_returned_in_order(client, as_role, stored_emails):
    items = [student(number) for number in range(5)]

    response = post(client, items, as_role("admin"))

    assert statuses(response) == [201] * 5
    for item, result in zip(items, response.json["items"], strict=True):
        url = f"/v1/students/{result['student']['student_id']}"
        assert result["student"].items() >= item.items()
        assert client.get(url, headers=as_role("admin")).json == result["student"]
    assert stored_emails() == [item["email"] for item in items]


def test_invalid_items_do_not_affect_the_others(client, as_role, stored_emails):
    items = [student(number) for number in range(8)]
    items[0]["campus_id"] = 250  # does not exist
    items[2]["email"] = "not an address"
    items[3] = 5
    items[5]["email"] = items[4]["email"].upper()  # a duplicate of the item before it
    items[7]["address"]["city_id"] = 60_000

    response = post(client, items, as_role("admin"))

    assert statuses(response) == [409, 201, 422, 422, 201, 409, 201, 409]
    assert stored_emails() == [items[number]["email"] for number in (1, 4, 6)]
    pointers = [
        error["pointer"]
        for item in response.json["items"]
        for error in item.get("problem", {}).get("errors", ())
    ]
    assert pointers == ["/campus_id", "/email", "", "/email", "/address/city_id"]


def test_the_problem_of_an_item_equals_that_of_a_single_request(client, as_role, stored_emails):
    item = {**student(1), "active": "yes", "nickname": "Zo"}

    alone = client.post("/v1/students", json=item, headers=as_role("admin")).json
    (result,) = post(client, [item], as_role("admin")).json["items"]

    request_members = {"instance", "request_id"}
    assert result["status"] == alone["status"] == 422
    assert result["problem"].keys() == alone.keys()
    for name in alone.keys() - request_members:
        assert result["problem"][name] == alone[name]


def test_no_address_is_stored_for_rejected_items(client, as_role, stored_emails, dba):
    addresses = lambda: query(dba, "SELECT COUNT(*) FROM address")  # noqa: E731
    before = addresses()

    post(client, [student(number, campus_id=250) for number in range(3)], as_role("admin"))

    assert addresses() == before


def test_staff_may_only_create_students_of_their_own_campus(client, as_role, me, stored_emails):
    own, other = me["campus_id"], me["campus_id"] % 5 + 1
    items = [student(number, campus_id=other if number in {1, 2} else own) for number in range(5)]

    response = post(client, items, as_role("staff"))

    assert statuses(response) == [201, 403, 403, 201, 201]
    assert stored_emails() == [items[number]["email"] for number in (0, 3, 4)]


def test_a_student_may_not_create_students(client, as_role):
    assert post(client, [student(1)], as_role("student")).status_code == 403


@pytest.mark.parametrize(
    "body", [{}, {"items": []}, {"items": [{}] * 101}, {"items": {}}, {"items": [{}], "more": 1}]
)
def test_an_invalid_batch_is_rejected(body, client, as_role):
    response = client.post(URL, json=body, headers=as_role("admin"))

    assert response.status_code == 422


def test_100_students_take_eight_statements(client, as_role, stored_emails, server):
    headers = as_role("admin")
    client.get("/v1/students/1", headers=headers)  # opens the connection
    items = [student(number) for number in range(100)]

    sent = statements(server, lambda: post(client, items, headers))

    # BEGIN, SAVEPOINT, INSERT of the addresses, SELECT of their keys, INSERT, SELECT, commit token,
    # COMMIT
    assert (sent, len(stored_emails())) == (8, 100)


def test_one_rejected_item_of_100_takes_at_most_80_statements(
    client, as_role, stored_emails, server
):
    headers = as_role("admin")
    items = [student(number) for number in range(100)]
    items[63]["campus_id"] = 250

    sent = statements(server, lambda: post(client, items, headers))

    assert len(stored_emails()) == 99
    assert sent <= 80


def test_100_rejected_items_take_at_most_nine_statements_each(
    client, as_role, stored_emails, server
):
    headers = as_role("admin")
    items = [student(number, campus_id=250) for number in range(100)]

    sent = statements(server, lambda: post(client, items, headers))

    assert stored_emails() == []
    assert sent <= 900


def test_a_repeated_batch_with_the_same_key_is_stored_once(client, as_role, stored_emails):
    items = [student(1), student(2, campus_id=250), student(3)]
    key = {"Idempotency-Key": "a-batch-of-three"}

    first = post(client, items, as_role("admin"), **key)
    again = post(client, items, as_role("admin"), **key)

    assert again.json == first.json
    assert again.headers["Idempotency-Replayed"] == "true"
    assert stored_emails() == [items[0]["email"], items[2]["email"]]


@pytest.fixture
def stored_bytes(dba):
    """A function that returns the length of the stored response of an Idempotency-Key."""

    def length(key):
        sql = "SELECT LENGTH(response_body) FROM idempotency_key WHERE idempotency_key = %s"
        return query(dba, sql, (key,))[0][0]

    return length


def test_the_stored_response_to_a_hostile_batch_is_short(client, as_role, stored_bytes):
    names = {f"{number:02}" + "\u2028" * 3_000: 1 for number in range(100)}
    items = [names] + [dict.fromkeys(map(str, range(100)), 1)] * 99
    key = {"Idempotency-Key": "hostile"}

    first = post(client, items, as_role("admin"), **key)
    again = post(client, items, as_role("admin"), **key)

    problems = [item["problem"] for item in first.json["items"]]
    assert {len(problem["errors"]) for problem in problems} == {MAX_ERRORS_PER_ITEM}
    assert {problem["error_count"] for problem in problems} == {100 + 5}  # 5 fields are missing
    assert (again.text, again.headers["Idempotency-Replayed"]) == (first.text, "true")
    assert stored_bytes("hostile") == len(first.data) < 100_000


def test_the_response_to_the_longest_batch_is_stored(client, as_role, stored_emails, stored_bytes):
    longest = {"address": '"' * 50, "address2": "😀" * 50, "district": "😀" * 20}
    items = [student(n, first_name="😀" * 45, last_name="😀" * 45) for n in range(100)]
    for item in items:
        item["address"] |= longest

    response = post(client, items, as_role("admin"), **{"Idempotency-Key": "longest"})

    assert statuses(response) == [201] * 100
    assert stored_bytes("longest") == len(response.data) <= MAX_STORED_BYTES


def test_a_response_that_is_too_long_to_store_undoes_the_write(app, dba, as_role):
    def write(tx):
        tx.execute("UPDATE country SET country = 'Lost' WHERE country_id = 1")
        return ResponseData(200, "x" * (MAX_STORED_BYTES + 1))

    headers = as_role("admin") | {"Idempotency-Key": "too-long"}
    with app.test_request_context(headers=headers), pytest.raises(Problem) as raised:
        authorize(ANY_ROLE)
        run_idempotently(write)

    assert raised.value.status == 422
    assert query(dba, "SELECT COUNT(*) FROM country WHERE country = 'Lost'") == ((0,),)
    assert query(
        dba, "SELECT COUNT(*) FROM idempotency_key WHERE idempotency_key = 'too-long'"
    ) == ((0,),)


def test_simultaneous_batches_with_the_same_key_are_stored_once(app, as_role, stored_emails):
    items = [student(number) for number in range(20)]
    headers = as_role("admin")

    def send(_):
        key = {"Idempotency-Key": "at-once"}
        return post(app.test_client(), items, headers, **key)

    with ThreadPoolExecutor(4) as pool:
        responses = list(pool.map(send, range(4)))

    assert all(statuses(response) == [201] * 20 for response in responses)
    assert len({response.text for response in responses}) == 1
    assert len(stored_emails()) == 20


@pytest.fixture
def changing_key_step(dba, monkeypatch):
    """The step between keys changes after the addresses, as if a node had left a Galera cluster.

    The keys between those of the addresses belong to addresses of others.
    """
    insert_addresses = addresses._insert_many

    def insert_and_change(tx, new, first_version):
        tx.execute("SET SESSION auto_increment_increment = 3")
        first_key = insert_addresses(tx, new, first_version)
        tx.execute("SET SESSION auto_increment_increment = 1")
        for key in range(first_key + 1, first_key + 3):
            query(
                dba,
                "INSERT INTO address (address_id, address, district, city_id, phone)"
                " VALUES (%s, 'Of another student', '', 1, '')",
                (key,),
            )
        return first_key

    monkeypatch.setattr(addresses, "_insert_many", insert_and_change)
    yield
    query(dba, "DELETE FROM address WHERE address = 'Of another student'")


def test_each_student_gets_their_address_if_the_step_between_keys_changes(
    changing_key_step, client, as_role, stored_emails
):
    response = post(client, [student(number) for number in range(4)], as_role("admin"))

    streets = [item["student"]["address"]["address"] for item in response.json["items"]]
    assert streets == [f"=Þórsgata {number}" for number in range(4)]
