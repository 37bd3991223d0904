"""GET /v1/students/export: contents, formats, and the number of statements."""

import csv
import io
import json
import re
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.resources.students import csv_format
from tests.resources.students.conftest import DOMAIN, student
from tests.support.api import all_pages
from tests.support.counting import statements
from tests.support.database import query

URL = "/v1/students/export"
CSV = {"Accept": "text/csv"}
NDJSON = {"Accept": "application/x-ndjson"}


def rows_of(response):
    assert response.status_code == 200, response.text
    if response.mimetype == "text/csv":
        return list(csv.DictReader(io.StringIO(response.get_data(as_text=True), newline="")))
    return [json.loads(line) for line in response.get_data(as_text=True).splitlines()]


@pytest.mark.parametrize("accept", [CSV, NDJSON], ids=["csv", "ndjson"])
def test_the_export_contains_every_student_once_in_order(accept, client, as_role, dba):
    response = client.get(URL, headers={**as_role("admin"), **accept})

    in_order = [key for (key,) in query(dba, "SELECT student_id FROM student ORDER BY student_id")]
    assert [int(row["student_id"]) for row in rows_of(response)] == in_order


def test_ndjson_contains_the_same_objects_as_the_list(client, as_role):
    response = client.get(URL, headers={**as_role("admin"), **NDJSON})

    assert rows_of(response) == all_pages(client, "/v1/students?limit=100", as_role("admin"))


def test_csv_has_a_column_for_each_field_and_an_empty_cell_for_null(client, as_role):
    (in_json,) = rows_of(client.get(f"{URL}", headers={**as_role("student"), **NDJSON}))
    (in_csv,) = rows_of(client.get(f"{URL}", headers={**as_role("student"), **CSV}))

    flat = {f"address_{name}": value for name, value in in_json.pop("address").items()}
    assert in_csv.keys() == in_json.keys() | flat.keys()
    assert in_csv["last_name"] == in_json["last_name"]
    assert in_csv["active"] == "true"
    assert in_csv["address_address2"] == ""
    assert in_csv["create_date"] == in_json["create_date"]


def test_csv_is_the_default_format(client, as_role):
    responses = [
        client.get(URL, headers={**as_role("student"), "Accept": it}) for it in ("*/*", "text/*")
    ]

    assert {response.mimetype for response in responses} == {"text/csv"}


def test_other_media_types_are_not_acceptable(client, as_role):
    response = client.get(URL, headers={**as_role("admin"), "Accept": "application/json"})

    assert response.status_code == 406


def test_the_response_is_a_utf_8_attachment_that_is_not_cached(client, as_role):
    response = client.get(URL, headers={**as_role("student"), **CSV})

    assert response.content_type == "text/csv; charset=utf-8; header=present"
    assert response.headers["Content-Disposition"] == 'attachment; filename="students.csv"'
    assert response.headers["Cache-Control"] == "no-store"
    assert "Accept" in response.headers["Vary"]


def test_staff_export_their_campus_and_students_only_themselves(client, as_role, me):
    of_staff = rows_of(client.get(URL, headers={**as_role("staff"), **NDJSON}))
    of_student = rows_of(client.get(URL, headers={**as_role("student"), **NDJSON}))

    assert {row["campus_id"] for row in of_staff} == {me["campus_id"]}
    assert [row["student_id"] for row in of_student] == [me["student_id"]]


def test_the_export_supports_the_filters_of_the_list(client, as_role):
    filters = "campus_id=2&active=true&q=an"
    exported = rows_of(client.get(f"{URL}?{filters}", headers={**as_role("admin"), **NDJSON}))

    listed = all_pages(client, f"/v1/students?limit=100&{filters}", as_role("admin"))
    assert exported == listed
    assert len(listed) > 5


@pytest.mark.parametrize("parameter", ["limit=5", "cursor=x", "colour=red", "campus_id=x"])
def test_an_unknown_or_invalid_parameter_is_rejected(parameter, client, as_role):
    assert client.get(f"{URL}?{parameter}", headers=as_role("admin")).status_code == 400


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "'=", "''@", "\uff1d"])
def test_cells_that_start_like_a_formula_are_escaped(first, client, as_role, stored_emails):
    name = f"{first}cmd|' /C calc'!A0"
    client.post("/v1/students", json=student(1, last_name=name), headers=as_role("admin"))

    (row,) = rows_of(client.get(f"{URL}?email=zoe.1@{DOMAIN}", headers={**as_role("admin"), **CSV}))

    assert row["last_name"] == f"'{name}"
    assert row["address_phone"] == "'+354 555 0000"
    assert row["address_district"] == 'Mið, "borg"'


FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\uff1d1+1"]
# Characters of these categories are invisible, except some signs of these scripts.
CATEGORIES = {"Cc", "Cf", "Zl", "Zp", "Zs"}
VISIBLE = ("ARABIC", "SYRIAC", "KAITHI", "EGYPTIAN")
INVISIBLE = [
    character
    for character in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(character) in CATEGORIES
    and not unicodedata.name(character, "").startswith(VISIBLE)
]


def cells_of(text, separator):
    """Return the cells of a line as a program splits it that ignores quotation marks."""
    return [cell.strip("".join(INVISIBLE) + '"') for cell in re.split(f"[{separator}\r\n]", text)]


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_no_part_of_a_cell_starts_like_a_formula(separator, formula):
    hostile = [
        f"{before}{invisible}{formula}"
        for before in ("", f"x{separator}", f"{separator} ", f'x{separator}"', f"x{separator}'")
        for invisible in ("", *INVISIBLE)
    ]

    for value in hostile:
        line = csv_format.to_csv([[csv_format.to_cell(value)]])
        assert not [cell for cell in cells_of(line, separator) if cell.startswith(formula[0])]
        assert csv_format.from_cell("last_name", csv_format.to_cell(value)) == value


@given(text=st.text("a,;|\t\r\n='\"+\ufeff\u200b -", max_size=12))
@settings(max_examples=500, deadline=None, derandomize=True)
def test_an_escaped_cell_is_read_back_unchanged(text):
    assert csv_format.from_cell("last_name", csv_format.to_cell(text)) == text


def test_a_name_with_a_formula_after_a_separator_is_escaped(client, as_role, stored_emails):
    name = "x;=1+1"
    client.post("/v1/students", json=student(1, last_name=name), headers=as_role("admin"))

    (row,) = rows_of(client.get(f"{URL}?email=zoe.1@{DOMAIN}", headers={**as_role("admin"), **CSV}))

    assert row["last_name"] == "x;'=1+1"


def test_a_download_takes_one_statement_per_1000_students(client, as_role, many_students, server):
    headers = {**as_role("admin"), **NDJSON}
    client.get("/v1/students/1", headers=headers)  # opens the connection

    download = lambda: client.get(f"{URL}?campus_id=2", headers=headers).get_data()  # noqa: E731

    lines = len(download().splitlines())
    assert lines > 3000
    assert statements(server, download) == lines // 1000 + 1


def test_head_returns_the_headers_and_reads_one_page(client, as_role, many_students, server):
    headers = {**as_role("admin"), **CSV}

    sent = statements(server, lambda: client.head(URL, headers=headers))

    assert client.head(URL, headers=headers).content_type.startswith("text/csv")
    assert sent == 1
