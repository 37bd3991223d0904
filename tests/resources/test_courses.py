"""Courses: full text, their subjects, staff and chapters, and who may change them."""

import pytest

from tests.support.api import ADDRESS, all_pages, delete, merge_patch
from tests.support.counting import statements
from tests.support.database import query

NOBODY = 65_000  # fits the columns, and is no key
BEYOND = 4_000_000_000  # fits no column


@pytest.fixture
def path(course):
    return f"/v1/courses/{course}"


def keys(answer):
    return [item["course_id"] for item in answer.json["items"]]


def chapters(dba, course, *numbers):
    for number in numbers:
        query(
            dba,
            "INSERT INTO chapter (course_id, chapter_number, title) VALUES (%s, %s, %s)",
            (course, number, f"Pool {number}"),
        )


@pytest.mark.parametrize("role", ["admin", "staff", "student"])
def test_everybody_reads_all_courses(role, client, as_role, dba):
    items = all_pages(client, "/v1/courses?limit=50", as_role(role))

    ((count,),) = query(dba, "SELECT COUNT(*) FROM course")
    assert len(items) == count


def test_what_is_left_out_has_the_defaults_of_the_columns(client, as_role, dba):
    created = client.post("/v1/courses", json={"title": "Dunes"}, headers=as_role("admin"))

    delete(client, created.headers["Location"], as_role("admin"))
    defaults = {"description": None, "level": "introductory", "credits": 5}
    assert created.json.items() >= defaults.items()


@pytest.mark.parametrize("words", ["tidepool", "limp anem", "TIDEPOOLS Anemones"])
def test_words_of_title_and_description_find_a_course(words, client, as_role, course):
    answer = client.get("/v1/courses", query_string={"q": words}, headers=as_role("student"))

    assert keys(answer) == [course]


def test_all_words_have_to_be_there(client, as_role, course):
    answer = client.get("/v1/courses?q=tidepools+whales", headers=as_role("student"))

    assert keys(answer) == []


def test_a_changed_description_is_found_and_the_old_one_is_not(client, as_role, course, path):
    merge_patch(client, path, {"description": "Barnacles."}, as_role("admin"))

    assert keys(client.get("/v1/courses?q=barnacle", headers=as_role("admin"))) == [course]
    assert keys(client.get("/v1/courses?q=limpets", headers=as_role("admin"))) == []


def test_a_search_and_other_filters_hold_together(client, as_role, course):
    found = client.get("/v1/courses?q=tidepools&level=advanced&credits=5", headers=as_role("staff"))
    other = client.get("/v1/courses?q=tidepools&level=introductory", headers=as_role("staff"))

    assert keys(found) == [course]
    assert keys(other) == []


def test_the_courses_of_a_subject_can_be_listed(client, as_role, dba):
    items = all_pages(client, "/v1/courses?subject_id=1&limit=1", as_role("student"))

    rows = query(dba, "SELECT course_id FROM course_subject WHERE subject_id = 1 ORDER BY 1")
    assert [item["course_id"] for item in items] == [key for (key,) in rows]


def test_the_courses_of_a_teacher_can_be_listed(client, as_role, taught, me, dba):
    items = all_pages(client, f"/v1/courses?staff_id={me['staff_id']}", as_role("student"))

    rows = query(
        dba,
        "SELECT course_id FROM course_staff WHERE staff_id = %s ORDER BY course_id",
        (me["staff_id"],),
    )
    assert [item["course_id"] for item in items] == [key for (key,) in rows]
    assert taught in [item["course_id"] for item in items]


def test_chapters_come_in_their_order(client, as_role, course, path, dba):
    chapters(dba, course, 3, 1, 2)

    shown = client.get(f"{path}?embed=chapters", headers=as_role("student")).json

    assert [chapter["chapter_number"] for chapter in shown["chapters"]] == [1, 2, 3]
    assert shown["chapters"][0].keys() == {"chapter_id", "chapter_number", "title"}


def test_a_teacher_is_shown_with_nothing_but_a_name(client, as_role, taught, me):
    shown = client.get(f"/v1/courses/{taught}?embed=staff", headers=as_role("student")).json

    (teacher,) = shown["staff"]
    assert teacher["staff_id"] == me["staff_id"]
    assert teacher.keys() == {"staff_id", "first_name", "last_name"}


def test_a_page_with_all_relatives_and_a_search_is_one_statement(client, as_role, server, course):
    headers = as_role("admin")
    path = "/v1/courses?limit=100&embed=subjects,staff,chapters"
    page = client.get(path, headers=headers).json  # a connection is open from here on

    assert any(len(item["subjects"]) > 1 for item in page["items"])
    assert any(len(item["staff"]) > 1 for item in page["items"])
    assert statements(server, lambda: client.get(f"{path}&q=tide", headers=headers)) == 1


def test_a_course_that_one_teaches_can_be_changed(client, as_role, taught):
    changed = merge_patch(client, f"/v1/courses/{taught}", {"credits": 8}, as_role("staff"))

    assert changed.status_code == 200
    assert changed.json["credits"] == 8


def test_a_course_that_one_does_not_teach_cannot_be_changed(client, as_role, path):
    answer = merge_patch(client, path, {"credits": 8}, as_role("staff"))

    assert answer.status_code == 403
    assert client.get(path, headers=as_role("staff")).json["credits"] == 5


def test_staff_neither_add_nor_delete_courses(client, as_role, taught):
    new = client.post("/v1/courses", json={"title": "Dunes"}, headers=as_role("staff"))

    assert new.status_code == 403
    assert delete(client, f"/v1/courses/{taught}", as_role("staff")).status_code == 403


@pytest.mark.parametrize(
    ("field", "value"), [("level", "expert"), ("credits", 0), ("credits", 31), ("title", "x" * 129)]
)
def test_a_field_that_is_not_valid_is_named(field, value, client, as_role, path):
    answer = merge_patch(client, path, {field: value}, as_role("admin"))

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json["errors"]] == [f"/{field}"]


@pytest.mark.parametrize(("name", "key"), [("subjects", "subject_id"), ("staff", "staff_id")])
def test_a_link_is_made_once_however_often_it_is_put(name, key, client, as_role, path):
    answers = [client.put(f"{path}/{name}/1", headers=as_role("admin")) for _ in range(2)]

    shown = client.get(f"{path}?embed={name}", headers=as_role("admin")).json
    assert [answer.status_code for answer in answers] == [204, 204]
    assert [linked[key] for linked in shown[name]] == [1]


@pytest.mark.parametrize("link", ["subjects/1", "staff/1"])
def test_a_link_is_taken_away_once(link, client, as_role, path):
    client.put(f"{path}/{link}", headers=as_role("admin"))

    answers = [client.delete(f"{path}/{link}", headers=as_role("admin")) for _ in range(2)]

    name = link.partition("/")[0]
    assert [answer.status_code for answer in answers] == [204, 404]
    assert client.get(f"{path}?embed={name}", headers=as_role("admin")).json[name] == []


@pytest.mark.parametrize("method", ["put", "delete"])
@pytest.mark.parametrize(
    "link", ["subjects/255", f"subjects/{BEYOND}", f"staff/{NOBODY}", f"staff/{BEYOND}"]
)
def test_a_link_to_nothing_is_not_found(link, method, client, as_role, path):
    answer = client.open(f"{path}/{link}", method=method, headers=as_role("admin"))

    assert answer.status_code == 404


@pytest.mark.parametrize("method", ["put", "delete"])
@pytest.mark.parametrize("key", [NOBODY, BEYOND])
@pytest.mark.parametrize("link", ["subjects/1", "staff/1"])
def test_a_link_of_no_course_is_not_found(link, key, method, client, as_role):
    answer = client.open(f"/v1/courses/{key}/{link}", method=method, headers=as_role("admin"))

    assert answer.status_code == 404


@pytest.mark.parametrize("link", ["subjects/1", "staff/1"])
def test_only_administrators_make_and_take_links(link, client, as_role, taught):
    path = f"/v1/courses/{taught}/{link}"

    assert client.put(path, headers=as_role("staff")).status_code == 403
    assert client.delete(path, headers=as_role("staff")).status_code == 403


def test_a_deleted_course_takes_its_links_and_its_text_along(client, as_role, course, path, dba):
    client.put(f"{path}/subjects/1", headers=as_role("admin"))
    client.put(f"{path}/staff/1", headers=as_role("admin"))

    assert delete(client, path, as_role("admin")).status_code == 204

    for table in ("course_subject", "course_staff", "course_text", "course"):
        assert query(dba, f"SELECT 1 FROM {table} WHERE course_id = %s", (course,)) == ()


def test_a_course_with_chapters_stays_with_its_links(client, as_role, course, path, dba):
    client.put(f"{path}/subjects/1", headers=as_role("admin"))
    chapters(dba, course, 1)

    answer = delete(client, path, as_role("admin"))

    shown = client.get(f"{path}?embed=subjects", headers=as_role("admin")).json
    assert answer.status_code == 409
    assert answer.json["type"].endswith(":still-referenced")
    assert "errors" not in answer.json  # there is no body to point into
    assert len(shown["subjects"]) == 1


def test_a_course_with_an_enrollment_cannot_be_deleted(client, as_role, course, path, dba):
    query(dba, "INSERT INTO enrollment (student_id, course_id) VALUES (1, %s)", (course,))

    assert delete(client, path, as_role("admin")).status_code == 409


def test_a_conflict_points_into_the_part_of_the_body_that_is_at_fault(client, as_role):
    new = {
        "name": "Nowhere Campus",
        "address": {**ADDRESS, "city_id": NOBODY},
    }

    answer = client.post("/v1/campuses", json=new, headers=as_role("admin"))

    assert answer.status_code == 409
    assert [error["pointer"] for error in answer.json["errors"]] == ["/address/city_id"]
