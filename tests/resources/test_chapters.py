"""Chapters: inside their course, in order, written by who teaches it."""

import pytest

from tests.support.api import all_pages, delete, merge_patch
from tests.support.counting import statements
from tests.support.database import query

NEW = {"chapter_number": 2, "title": "Limpets"}
NO_COURSE = ["/v1/courses/65000/chapters", "/v1/courses/4000000000/chapters"]


@pytest.fixture
def add(client, as_role, course):
    """Add a chapter to the course; returns its path."""

    def add_chapter(number=2, title="Limpets"):
        created = client.post(
            f"/v1/courses/{course}/chapters",
            json={"chapter_number": number, "title": title},
            headers=as_role("admin"),
        )
        assert created.status_code == 201
        return created.headers["Location"]

    return add_chapter


def numbers(items):
    return [item["chapter_number"] for item in items]


def test_a_new_chapter_is_in_its_course_and_at_its_own_path(client, as_role, course, add):
    path = add()

    shown = client.get(path, headers=as_role("student")).json
    listed = client.get(f"/v1/courses/{course}/chapters", headers=as_role("student")).json["items"]
    assert shown.items() >= {**NEW, "course_id": course}.items()
    assert listed == [shown]


def test_the_chapters_of_a_course_come_in_their_order_page_by_page(client, as_role, course, add):
    for number in (3, 1, 4, 2):
        add(number)

    path = f"/v1/courses/{course}/chapters?limit=3"
    assert numbers(all_pages(client, path, as_role("student"))) == [1, 2, 3, 4]
    backwards = all_pages(client, f"{path}&sort=-chapter_number", as_role("student"))
    assert numbers(backwards) == [4, 3, 2, 1]


def test_a_course_shows_no_chapters_of_another(client, as_role, dba, add):
    add()

    items = all_pages(client, "/v1/courses/1/chapters?limit=5", as_role("student"))

    rows = query(dba, "SELECT chapter_id FROM chapter WHERE course_id = 1 ORDER BY chapter_number")
    assert [item["chapter_id"] for item in items] == [key for (key,) in rows]


def test_a_course_without_chapters_has_an_empty_page(client, as_role, course):
    answer = client.get(f"/v1/courses/{course}/chapters", headers=as_role("student"))

    assert answer.status_code == 200
    assert answer.json == {"items": []}


@pytest.mark.parametrize("path", NO_COURSE)
def test_a_course_that_is_not_there_has_no_page(path, client, as_role):
    answer = client.get(path, headers=as_role("student"))

    assert answer.status_code == 404
    assert answer.json["detail"] == "No such course."


@pytest.mark.parametrize("path", NO_COURSE)
def test_a_chapter_cannot_be_added_to_a_course_that_is_not_there(path, client, as_role):
    answer = client.post(path, json=NEW, headers=as_role("admin"))

    assert answer.status_code == 404
    assert answer.json["detail"] == "No such course."


def test_the_course_is_looked_for_only_where_no_chapter_is(client, as_role, server, course):
    headers = as_role("admin")
    full, empty = "/v1/courses/1/chapters", f"/v1/courses/{course}/chapters"
    client.get(full, headers=headers)  # a connection is open from here on

    assert statements(server, lambda: client.get(full, headers=headers)) == 1
    assert statements(server, lambda: client.get(empty, headers=headers)) == 2


def test_course_and_assessments_come_in_the_same_statement(client, as_role, server, dba):
    headers = as_role("student")
    path = "/v1/courses/1/chapters?limit=100&embed=course,assessments"
    page = client.get(path, headers=headers).json  # a connection is open from here on

    ((title,),) = query(dba, "SELECT title FROM course WHERE course_id = 1")
    assert {item["course"]["title"] for item in page["items"]} == {title}
    assert all(item["assessments"][0]["kind"] == "quiz" for item in page["items"])
    assert statements(server, lambda: client.get(path, headers=headers)) == 1


def test_the_list_of_all_chapters_can_be_filtered(client, as_role, course, add):
    add(7, "Limpets and whelks")
    add(8, "Limpets again")

    path = f"/v1/chapters?course_id={course}&q=pets+and"
    assert numbers(all_pages(client, path, as_role("student"))) == [7]
    path = f"/v1/chapters?course_id={course}&chapter_number=8"
    assert numbers(all_pages(client, path, as_role("student"))) == [8]


def test_a_number_twice_in_a_course_is_a_conflict_that_names_it(client, as_role, course, add):
    add()

    answer = client.post(f"/v1/courses/{course}/chapters", json=NEW, headers=as_role("admin"))

    assert answer.status_code == 409
    assert [error["pointer"] for error in answer.json["errors"]] == ["/chapter_number"]


@pytest.mark.parametrize("field", ["course_id", "chapter_id"])
def test_a_chapter_stays_in_its_course(field, client, as_role, add):
    answer = merge_patch(client, add(), {field: 1}, as_role("admin"))

    assert answer.status_code == 422
    assert answer.json["errors"][0]["pointer"] == f"/{field}"


def test_who_teaches_a_course_writes_its_chapters(client, as_role, taught):
    headers = as_role("staff")

    created = client.post(f"/v1/courses/{taught}/chapters", json=NEW, headers=headers)
    path = created.headers["Location"]
    changed = merge_patch(client, path, {"chapter_number": 3}, headers)

    assert (created.status_code, changed.status_code) == (201, 200)
    assert changed.json.items() >= {"chapter_number": 3, "title": "Limpets"}.items()
    assert delete(client, path, headers).status_code == 204


def test_who_does_not_teach_a_course_writes_no_chapters(client, as_role, course, add):
    headers, path = as_role("staff"), add(1)

    created = client.post(f"/v1/courses/{course}/chapters", json=NEW, headers=headers)

    assert created.status_code == 403
    assert merge_patch(client, path, {"chapter_number": 3}, headers).status_code == 403
    assert delete(client, path, headers).status_code == 403
    listed = client.get(f"/v1/courses/{course}/chapters", headers=headers).json["items"]
    assert numbers(listed) == [1]


def test_a_student_writes_no_chapters(client, as_role, course):
    answer = client.post(f"/v1/courses/{course}/chapters", json=NEW, headers=as_role("student"))

    assert answer.status_code == 403


def test_a_chapter_with_assessments_cannot_be_deleted(client, as_role, add):
    path = add()
    quiz = {"title": "Quiz: Limpets", "kind": "quiz"}
    client.post(f"{path}/assessments", json=quiz, headers=as_role("admin"))

    answer = delete(client, path, as_role("admin"))

    assert answer.status_code == 409
    assert answer.json["type"].endswith(":still-referenced")
