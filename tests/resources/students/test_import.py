"""`flask import-students`: each good line is stored, each bad one reported, and no line lost."""

import tracemalloc

import pytest

from app.resources.students.imports.lines import MAX_LINE_BYTES, Lines, Place
from tests.resources.students.conftest import student
from tests.resources.students.files import csv_of, ndjson, report_of
from tests.support.counting import statements
from tests.support.database import query

STORED = """
    SELECT first_name, last_name, email, campus_id, active, address, address2, district, city_id,
           postal_code, phone
    FROM student JOIN address USING (address_id) ORDER BY student_id
"""


def emails(connection):
    return [
        email for (email,) in query(connection, "SELECT email FROM student ORDER BY student_id")
    ]


def expected(*students):
    return tuple((*(it[name] for name in list(it)[:5]), *it["address"].values()) for it in students)


@pytest.fixture
def file(tmp_path):
    """Write a file to be imported."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize(
    ("name", "written"), [("new.csv", csv_of), ("new.ndjson", ndjson), ("NEW.JSONL", ndjson)]
)
def test_every_line_is_stored_as_it_is(name, written, file, run_import, in_school):
    students = [student(number) for number in range(7)]

    result = run_import(file(name, written(students)))

    assert (result.exit_code, result.stdout) == (0, "7 stored, 0 rejected\n")
    assert query(in_school, STORED) == expected(*students)
    assert not file("x", b"").with_name(f"{name}.rejected.ndjson").exists()


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a BOM"])
def test_csv_may_have_either_line_end_and_a_byte_order_mark(
    line_end, mark, file, run_import, in_school
):
    result = run_import(file("new.csv", mark + csv_of([student(1)], line_end)))

    assert result.exit_code == 0, result.output
    assert query(in_school, STORED) == expected(student(1))


def test_the_columns_of_csv_stand_in_any_order_and_optional_ones_may_lack(
    file, run_import, in_school
):
    content = (
        b"email,address_phone,campus_id,last_name,address_city_id,address_district,"
        b"address_address,first_name,create_date\n"
        b"zoe@bulk.example,+1,2,Sample,1,Old Town,12 Street,Zo\xc3\xab,2024-02-29T23:00:00-01:00\n"
    )

    result = run_import(file("new.csv", content))

    assert result.exit_code == 0, result.output
    ((active, date),) = query(in_school, "SELECT active, create_date FROM student")
    assert (active, str(date)) == (1, "2024-03-01 00:00:00")


def test_bad_lines_are_reported_with_number_and_reason_and_the_others_stored(
    file, run_import, in_school
):
    students = [student(number) for number in range(12)]
    students[1]["campus_id"] = 250
    students[3]["first_name"] = ""
    students[5]["nickname"] = "Zo"
    students[7]["email"] = students[6]["email"].upper()
    students[9]["address"]["city_id"] = "1"
    path = file("new.ndjson", ndjson(students) + b'{"first_name"\n' + b"[]\n")

    result = run_import(path)

    assert (result.exit_code, result.stdout) == (1, "7 stored, 7 rejected\n")
    assert emails(in_school) == [students[number]["email"] for number in (0, 2, 4, 6, 8, 10, 11)]
    reasons = report_of(path.with_name("new.ndjson.rejected.ndjson"))
    assert list(reasons) == [2, 4, 6, 8, 10, 13, 14]
    told = zip(
        reasons.values(),
        ["campus_id", "first_name", "nickname", "email", "address.city_id", "JSON", "object"],
        strict=True,
    )
    assert all(word in reason for reason, word in told), reasons
    assert all(f"line {number}: {reason}" in result.stderr for number, reason in reasons.items())


BAD_CSV = {
    "too many columns": (b"a,b,c\n", "3 columns"),
    "too few columns": (b"a\n", "1 columns"),
    "no UTF-8": (b'"Zo\xff",b,c,d,e,f,g,h,i,j,k\n', "byte 4 is not UTF-8"),
    "text after a quote": (b'"a"b,c\n', "not well-formed CSV"),
    "a quote that never ends": (b'"a,b,c\n', "not well-formed CSV"),
    "too long": (b"a" * 70_000 + b"\n", "longer than 65,536 bytes"),
}


@pytest.mark.parametrize(("line", "reason"), BAD_CSV.values(), ids=list(BAD_CSV))
def test_a_line_that_is_no_record_is_alone_rejected(line, reason, file, run_import, in_school):
    header, *good = csv_of([student(number) for number in range(4)]).splitlines(keepends=True)
    path = file("new.csv", b"".join([header, *good[:2], line, *good[2:]]))

    result = run_import(path)

    assert result.exit_code == 1, result.output
    ((number, told),) = report_of(path.with_name("new.csv.rejected.ndjson")).items()
    assert (number, reason in told) == (4, True), told
    assert emails(in_school) == [student(number)["email"] for number in range(4)]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ({"last_name": "Þórs\x00dóttir"}, "last_name: must be a line of text without control"),
        ({"last_name": "two\r\nlines"}, "last_name: must be a line of text without control"),
        ({"campus_id": "1_0"}, "campus_id: Input should be a valid integer"),
        ({"campus_id": "1.0"}, "campus_id: Input should be a valid integer"),
        ({"campus_id": "256"}, "campus_id: Input should be less than or equal to 255"),
        ({"active": "yes"}, "active: Input should be a valid boolean"),
        ({"email": ""}, "email: Field required"),
    ],
)
def test_a_cell_that_is_not_valid_is_named(cell, reason, file, run_import, in_school):
    students = [student(0), student(1, **cell), student(2)]
    path = file("new.csv", csv_of(students))

    assert run_import(path).exit_code == 1
    ((number, told),) = report_of(path.with_name("new.csv.rejected.ndjson")).items()
    assert (number, told.startswith(reason)) == (3, True), told
    assert emails(in_school) == [students[0]["email"], students[2]["email"]]


def test_a_record_of_several_lines_has_the_number_of_its_first(file, run_import):
    students = [student(0, last_name="two\nlines"), student(1), student(2, campus_id=250)]
    path = file("new.csv", csv_of(students))

    run_import(path)

    assert list(report_of(path.with_name("new.csv.rejected.ndjson"))) == [2, 5]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "lacks the columns"),
        (csv_of([student(1, nickname="Zo")]), "nickname"),
        (b"email,email\n", "repeated"),
        (b"email,first_name\n", "lacks the columns address_address"),
    ],
)
def test_csv_whose_first_line_is_no_header_is_status_2(content, reason, file, run_import):
    result = run_import(file("new.csv", content))

    assert (result.exit_code, reason in result.stderr) == (2, True), result.stderr


def test_a_name_that_does_not_tell_the_format_is_status_2(file, run_import):
    result = run_import(file("new.txt", ndjson([student(1)])))

    assert (result.exit_code, "--format" in result.stderr) == (2, True), result.stderr


def test_a_file_that_is_not_there_is_status_2(run_import, tmp_path):
    assert run_import(tmp_path / "none.csv").exit_code == 2


def test_standard_input_is_imported_and_its_report_has_the_name_asked_for(
    run_import, in_school, tmp_path
):
    given = ndjson([student(1), student(2, campus_id=250)])

    result = run_import("-", "--format", "ndjson", "--rejected", tmp_path / "report", given=given)

    assert result.exit_code == 1, result.output
    assert emails(in_school) == [student(1)["email"]]
    assert list(report_of(tmp_path / "report")) == [2]


def test_a_file_is_imported_once_and_says_so_again(file, run_import, in_school):
    path = file("new.ndjson", ndjson([student(1), student(2, campus_id=250)]))

    first, again = run_import(path), run_import(path)

    assert (again.exit_code, again.stdout) == (first.exit_code, first.stdout)
    assert list(report_of(path.with_name("new.ndjson.rejected.ndjson"))) == [2]
    assert len(emails(in_school)) == 1


def test_again_begins_anew(file, run_import, in_school):
    path = file("new.ndjson", ndjson([student(1)]))
    run_import(path)
    query(in_school, "DELETE FROM student")

    result = run_import(path, "--again")

    assert result.exit_code == 0
    assert len(emails(in_school)) == 1


def test_three_thousand_lines_are_seven_statements_for_each_five_hundred(
    file, run_import, in_school, server
):
    path = file("new.csv", csv_of([student(number) for number in range(3000)]))

    sent = statements(server, lambda: run_import(path))

    # BEGIN, the progress, SAVEPOINT, two INSERTs, the progress, COMMIT; and to begin with,
    # connecting and four statements that ask how far it is.
    assert (len(emails(in_school)), sent) == (3000, 6 * 7 + 4 + 2)


def test_a_line_without_end_needs_no_memory(file):
    path = file("endless", b"x" * 20_000_000 + b"\nshort")

    with path.open("rb") as opened:
        tracemalloc.start()
        first, second = Lines(opened, Place())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert (len(first), second) == (MAX_LINE_BYTES + 1, b"short")
    assert peak < 1_000_000
