"""`flask import-students`: valid records are stored, and rejected ones are reported."""

import io
import tracemalloc

import pytest

from app.http.problems import MAX_ERRORS
from app.resources.students.imports.lines import MAX_LINE_BYTES, Lines, Position
from app.resources.students.imports.records import ndjson_records
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
    """A function that writes a file and returns its path."""

    def write(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize(
    ("name", "contents"),
    [("new.csv", csv_of), ("new.ndjson", ndjson), ("NEW.JSONL", ndjson)],
)
def test_all_students_of_a_file_are_stored_unchanged(name, contents, file, run_import, school_dba):
    students = [student(number) for number in range(7)]

    result = run_import(file(name, contents(students)))

    assert (result.exit_code, result.stdout) == (0, "7 stored, 0 rejected\n")
    assert query(school_dba, STORED) == expected(*students)
    assert not file("x", b"").with_name(f"{name}.rejected.ndjson").exists()


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a BOM"])
def test_csv_may_have_either_line_end_and_a_bom(line_end, mark, file, run_import, school_dba):
    result = run_import(file("new.csv", mark + csv_of([student(1)], line_end)))

    assert result.exit_code == 0, result.output
    assert query(school_dba, STORED) == expected(student(1))


def test_csv_columns_may_be_in_any_order_and_optional_ones_omitted(file, run_import, school_dba):
    content = (
        b"email,address_phone,campus_id,last_name,address_city_id,address_district,"
        b"address_address,first_name,create_date\n"
        b"zoe@bulk.example,+1,2,Sample,1,Old Town,12 Street,Zo\xc3\xab,2024-02-29T23:00:00-01:00\n"
    )

    result = run_import(file("new.csv", content))

    assert result.exit_code == 0, result.output
    ((active, date),) = query(school_dba, "SELECT active, create_date FROM student")
    assert (active, str(date)) == (1, "2024-03-01 00:00:00")


def test_rejected_records_are_reported_and_the_others_stored(file, run_import, school_dba):
    students = [student(number) for number in range(12)]
    students[1]["campus_id"] = 250
    students[3]["first_name"] = ""
    students[5]["nickname"] = "Zo"
    students[7]["email"] = students[6]["email"].upper()
    students[9]["address"]["city_id"] = "1"
    path = file("new.ndjson", ndjson(students) + b'{"first_name"\n' + b"[]\n")

    result = run_import(path)

    assert (result.exit_code, result.stdout) == (1, "7 stored, 7 rejected\n")
    assert emails(school_dba) == [students[number]["email"] for number in (0, 2, 4, 6, 8, 10, 11)]
    reasons = report_of(path.with_name("new.ndjson.rejected.ndjson"))
    assert list(reasons) == [2, 4, 6, 8, 10, 13, 14]
    expected_parts = zip(
        reasons.values(),
        ["campus_id", "first_name", "nickname", "email", "address.city_id", "JSON", "object"],
        strict=True,
    )
    assert all(word in reason for reason, word in expected_parts), reasons
    assert all(f"line {number}: {reason}" in result.stderr for number, reason in reasons.items())


BAD_CSV = {
    "too many columns": (b"a,b,c\n", "3 columns"),
    "too few columns": (b"a\n", "1 columns"),
    "not UTF-8": (b'"Zo\xff",b,c,d,e,f,g,h,i,j,k\n', "byte 4 is not UTF-8"),
    "text after a quote": (b'"a"b,c\n', "not well-formed CSV"),
    "a quote that never ends": (b'"a,b,c\n', "not well-formed CSV"),
    "too long": (b"a" * 70_000 + b"\n", "longer than 65,536 bytes"),
}


@pytest.mark.parametrize(("line", "reason"), BAD_CSV.values(), ids=list(BAD_CSV))
def test_only_the_line_with_malformed_csv_is_rejected(line, reason, file, run_import, school_dba):
    header, *good = csv_of([student(number) for number in range(4)]).splitlines(keepends=True)
    path = file("new.csv", b"".join([header, *good[:2], line, *good[2:]]))

    result = run_import(path)

    assert result.exit_code == 1, result.output
    ((number, reported),) = report_of(path.with_name("new.csv.rejected.ndjson")).items()
    assert (number, reason in reported) == (4, True), reported
    assert emails(school_dba) == [student(number)["email"] for number in range(4)]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ({"last_name": "Þórs\x00dóttir"}, "last_name: must be a line of text without control"),
        ({"last_name": "two\r\nlines"}, "last_name: must be a line of text without control"),
        ({"campus_id": "1_0"}, "campus_id: Input should be a valid integer"),
        ({"campus_id": "1.0"}, "campus_id: Input should be a valid integer"),
        (
            {"campus_id": "4294967296"},
            "campus_id: Input should be less than or equal to 4294967295",
        ),
        ({"active": "yes"}, "active: Input should be a valid boolean"),
        ({"email": ""}, "email: Field required"),
    ],
)
def test_the_reason_names_the_invalid_cell(cell, reason, file, run_import, school_dba):
    students = [student(0), student(1, **cell), student(2)]
    path = file("new.csv", csv_of(students))

    assert run_import(path).exit_code == 1
    ((number, reported),) = report_of(path.with_name("new.csv.rejected.ndjson")).items()
    assert (number, reported.startswith(reason)) == (3, True), reported
    assert emails(school_dba) == [students[0]["email"], students[2]["email"]]


def test_a_multiline_record_is_reported_with_its_first_line_number(file, run_import):
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
def test_an_invalid_csv_header_exits_with_status_2(content, reason, file, run_import):
    result = run_import(file("new.csv", content))

    assert (result.exit_code, reason in result.stderr) == (2, True), result.stderr


def test_an_unknown_file_extension_exits_with_status_2(file, run_import):
    result = run_import(file("new.txt", ndjson([student(1)])))

    assert (result.exit_code, "--format" in result.stderr) == (2, True), result.stderr


def test_a_missing_file_exits_with_status_2(run_import, tmp_path):
    assert run_import(tmp_path / "none.csv").exit_code == 2


def test_standard_input_can_be_imported_with_a_named_report(run_import, school_dba, tmp_path):
    content = ndjson([student(1), student(2, campus_id=250)])

    result = run_import("-", "--format", "ndjson", "--rejected", tmp_path / "report", stdin=content)

    assert result.exit_code == 1, result.output
    assert emails(school_dba) == [student(1)["email"]]
    assert list(report_of(tmp_path / "report")) == [2]


def test_a_file_is_imported_once_and_the_result_is_repeated(file, run_import, school_dba):
    path = file("new.ndjson", ndjson([student(1), student(2, campus_id=250)]))

    first, again = run_import(path), run_import(path)

    assert (again.exit_code, again.stdout) == (first.exit_code, first.stdout)
    assert list(report_of(path.with_name("new.ndjson.rejected.ndjson"))) == [2]
    assert len(emails(school_dba)) == 1


def test_again_imports_the_file_from_the_beginning(file, run_import, school_dba):
    path = file("new.ndjson", ndjson([student(1)]))
    run_import(path)
    query(school_dba, "DELETE FROM student")

    result = run_import(path, "--again")

    assert result.exit_code == 0
    assert len(emails(school_dba)) == 1


def test_an_import_takes_eight_statements_per_500_records(file, run_import, school_dba, server):
    path = file("new.csv", csv_of([student(number) for number in range(3000)]))

    sent = statements(server, lambda: run_import(path))

    # BEGIN, SELECT of the progress, SAVEPOINT, two INSERTs and a SELECT between them, UPDATE of the
    # progress, COMMIT; and before, two for the connection and five to find or add the progress.
    assert (len(emails(school_dba)), sent) == (3000, 6 * 8 + 5 + 2)


def test_a_very_long_line_is_not_read_into_memory(file):
    path = file("endless", b"x" * 20_000_000 + b"\nshort")

    with path.open("rb") as opened:
        tracemalloc.start()
        first, second = Lines(opened, Position())
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert (len(first), second) == (MAX_LINE_BYTES + 1, b"short")
    assert peak < 1_000_000


def test_the_reason_for_a_record_with_many_errors_is_short():
    unknown = {"x" * 50_000: 1, **dict.fromkeys(map(str, range(1_000)), 1)}
    line = ndjson([student(1) | unknown])

    (record,) = ndjson_records(Lines(io.BytesIO(line), Position()))

    assert record.reason.endswith(f"; and {1_001 - MAX_ERRORS} more")
    assert len(record.reason) < 2_000
