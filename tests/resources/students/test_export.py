"""GET /v1/students/export: everything the caller may see, a page at a time."""

import csv
import io
import json

import pytest

from tests.resources.students.conftest import DOMAIN, student
from tests.support.api import all_pages
from tests.support.counting import statements
from tests.support.database import query

URL = "/v1/students/export"
CSV = {"Accept": "text/csv"}
NDJSON = {"Accept": "application/x-ndjson"}


def rows_of(answer):
    assert answer.status_code == 200, answer.text
    if answer.mimetype == "text/csv":
        return list(csv.DictReader(io.StringIO(answer.get_data(as_text=True), newline="")))
    return [json.loads(line) for line in answer.get_data(as_text=True).splitlines()]


@pytest.mark.parametrize("accept", [CSV, NDJSON], ids=["csv", "ndjson"])
def test_everybody_is_in_the_export_once_in_order(accept, client, as_role, dba):
    answer = client.get(URL, headers={**as_role("admin"), **accept})

    in_order = [key for (key,) in query(dba, "SELECT student_id FROM student ORDER BY student_id")]
    assert [int(row["student_id"]) for row in rows_of(answer)] == in_order


def test_ndjson_has_the_objects_of_the_list(client, as_role):
    answer = client.get(URL, headers={**as_role("admin"), **NDJSON})

    assert rows_of(answer) == all_pages(client, "/v1/students?limit=100", as_role("admin"))


def test_csv_has_a_column_for_each_field_and_an_empty_cell_for_null(client, as_role):
    (in_json,) = rows_of(client.get(f"{URL}", headers={**as_role("student"), **NDJSON}))
    (in_csv,) = rows_of(client.get(f"{URL}", headers={**as_role("student"), **CSV}))

    flat = {f"address_{name}": value for name, value in in_json.pop("address").items()}
    assert in_csv.keys() == in_json.keys() | flat.keys()
    assert in_csv["last_name"] == in_json["last_name"]
    assert in_csv["active"] == "true"
    assert in_csv["address_address2"] == ""
    assert in_csv["create_date"] == in_json["create_date"]


def test_csv_is_what_accept_gets_that_names_neither(client, as_role):
    answers = [
        client.get(URL, headers={**as_role("student"), "Accept": it}) for it in ("*/*", "text/*")
    ]

    assert {answer.mimetype for answer in answers} == {"text/csv"}


def test_anything_else_is_not_acceptable(client, as_role):
    answer = client.get(URL, headers={**as_role("admin"), "Accept": "application/json"})

    assert answer.status_code == 406


def test_the_answer_is_a_file_in_utf_8_that_nobody_keeps(client, as_role):
    answer = client.get(URL, headers={**as_role("student"), **CSV})

    assert answer.content_type == "text/csv; charset=utf-8; header=present"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="students.csv"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Accept" in answer.headers["Vary"]


def test_staff_export_their_campus_and_a_student_themselves(client, as_role, me):
    of_staff = rows_of(client.get(URL, headers={**as_role("staff"), **NDJSON}))
    of_student = rows_of(client.get(URL, headers={**as_role("student"), **NDJSON}))

    assert {row["campus_id"] for row in of_staff} == {me["campus_id"]}
    assert [row["student_id"] for row in of_student] == [me["student_id"]]


def test_the_filters_are_those_of_the_list(client, as_role):
    filters = "campus_id=2&active=true&q=a"
    exported = rows_of(client.get(f"{URL}?{filters}", headers={**as_role("admin"), **NDJSON}))

    listed = all_pages(client, f"/v1/students?limit=100&{filters}", as_role("admin"))
    assert exported == listed
    assert len(listed) > 5


@pytest.mark.parametrize("parameter", ["limit=5", "cursor=x", "colour=red", "campus_id=x"])
def test_a_parameter_that_it_does_not_have_is_refused(parameter, client, as_role):
    assert client.get(f"{URL}?{parameter}", headers=as_role("admin")).status_code == 400


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "'=", "''@", "\uff1d"])
def test_no_cell_begins_like_a_formula_and_none_loses_its_meaning(first, client, as_role, stored):
    name = f"{first}cmd|' /C calc'!A0"
    client.post("/v1/students", json=student(1, last_name=name), headers=as_role("admin"))

    (row,) = rows_of(client.get(f"{URL}?email=zoe.1@{DOMAIN}", headers={**as_role("admin"), **CSV}))

    assert row["last_name"] == f"'{name}"
    assert row["address_phone"] == "'+354 555 0000"
    assert row["address_district"] == 'Mið, "borg"'


def test_a_download_is_a_statement_for_each_thousand(client, as_role, three_thousand, server):
    headers = {**as_role("admin"), **NDJSON}
    client.get("/v1/students/1", headers=headers)  # a connection is open from here on

    download = lambda: client.get(f"{URL}?campus_id=2", headers=headers).get_data()  # noqa: E731

    lines = len(download().splitlines())
    assert lines > 3000
    assert statements(server, download) == lines // 1000 + 1


def test_head_says_what_get_would_and_reads_one_page(client, as_role, three_thousand, server):
    headers = {**as_role("admin"), **CSV}

    sent = statements(server, lambda: client.head(URL, headers=headers))

    assert client.head(URL, headers=headers).content_type.startswith("text/csv")
    assert sent == 1
