"""Chapters: their course, their order, and who may write them."""

import pytest

from tests.support.api import all_pages, delete, merge_patch
from tests.support.counting import statements
from tests.support.database import query

NEW = {"chapter_number": 2, "title": "Limpets"}
NO_COURSE = ["/v1/courses/65000/chapters", "/v1/courses/4000000000/chapters"]


@pytest.fixture
def add(client, as_role, course):
    """A function that adds a chapter to the course and returns its path."""

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


def test_a_new_chapter_is_listed_in_its_course(client, as_role, course, add):
    path = add()

    shown = client.get(path, headers=as_role("student")).json
    listed = client.get(f"/v1/courses/{course}/chapters", headers=as_role("student")).json["items"]
    assert shown.items() >= {**NEW, "course_id": course}.items()
    assert listed == [shown]


def test_the_chapters_of_a_course_are_sorted_by_number_across_pages(client, as_role, course, add):
    for number in (3, 1, 4, 2):
        add(number)

    path = f"/v1/courses/{course}/chapters?limit=3"
    assert numbers(all_pages(client, path, as_role("student"))) == [1, 2, 3, 4]
    descending = all_pages(client, f"{path}&sort=-chapter_number", as_role("student"))
    assert numbers(descending) == [4, 3, 2, 1]


def test_a_course_does_not_list_chapters_of_other_courses(client, as_role, dba, add):
    add()

    items = all_pages(client, "/v1/courses/1/chapters?limit=5", as_role("student"))

    rows = query(dba, "SELECT chapter_id FROM chapter WHERE course_id = 1 ORDER BY chapter_number")
    assert [item["chapter_id"] for item in items] == [key for (key,) in rows]


def test_a_course_without_chapters_has_an_empty_page(client, as_role, course):
    response = client.get(f"/v1/courses/{course}/chapters", headers=as_role("student"))

    assert response.status_code == 200
    assert response.json == {"items": []}


@pytest.mark.parametrize("path", NO_COURSE)
def test_listing_the_chapters_of_a_missing_course_is_404(path, client, as_role):
    response = client.get(path, headers=as_role("student"))

    assert response.status_code == 404
    assert response.json["detail"] == "No such course."


@pytest.mark.parametrize("path", NO_COURSE)
def test_adding_a_chapter_to_a_missing_course_is_404(path, client, as_role):
    response = client.post(path, json=NEW, headers=as_role("admin"))

    assert response.status_code == 404
    assert response.json["detail"] == "No such course."


def test_the_course_is_queried_only_if_it_has_no_chapters(client, as_role, server, course):
    headers = as_role("admin")
    full, empty = "/v1/courses/1/chapters", f"/v1/courses/{course}/chapters"
    client.get(full, headers=headers)  # opens the connection

    assert statements(server, lambda: client.get(full, headers=headers)) == 1
    assert statements(server, lambda: client.get(empty, headers=headers)) == 2


def test_course_and_assessments_are_embedded_in_the_same_statement(client, as_role, server, dba):
    headers = as_role("student")
    path = "/v1/courses/1/chapters?limit=100&embed=course,assessments"
    page = client.get(path, headers=headers).json  # opens the connection

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


def test_a_duplicate_number_in_a_course_is_rejected_with_a_pointer(client, as_role, course, add):
    add()

    response = client.post(f"/v1/courses/{course}/chapters", json=NEW, headers=as_role("admin"))

    assert response.status_code == 409
    assert [error["pointer"] for error in response.json["errors"]] == ["/chapter_number"]


@pytest.mark.parametrize("field", ["course_id", "chapter_id"])
def test_the_keys_of_a_chapter_cannot_be_changed(field, client, as_role, add):
    response = merge_patch(client, add(), {field: 1}, as_role("admin"))

    assert response.status_code == 422
    assert response.json["errors"][0]["pointer"] == f"/{field}"


def test_staff_may_write_chapters_of_courses_they_teach(client, as_role, taught):
    headers = as_role("staff")

    created = client.post(f"/v1/courses/{taught}/chapters", json=NEW, headers=headers)
    path = created.headers["Location"]
    changed = merge_patch(client, path, {"chapter_number": 3}, headers)

    assert (created.status_code, changed.status_code) == (201, 200)
    assert changed.json.items() >= {"chapter_number": 3, "title": "Limpets"}.items()
    assert delete(client, path, headers).status_code == 204


def test_staff_may_not_write_chapters_of_other_courses(client, as_role, course, add):
    headers, path = as_role("staff"), add(1)

    created = client.post(f"/v1/courses/{course}/chapters", json=NEW, headers=headers)

    assert created.status_code == 403
    assert merge_patch(client, path, {"chapter_number": 3}, headers).status_code == 403
    assert delete(client, path, headers).status_code == 403
    listed = client.get(f"/v1/courses/{course}/chapters", headers=headers).json["items"]
    assert numbers(listed) == [1]


def test_a_student_may_not_create_chapters(client, as_role, course):
    response = client.post(f"/v1/courses/{course}/chapters", json=NEW, headers=as_role("student"))

    assert response.status_code == 403


def test_a_chapter_with_assessments_cannot_be_deleted(client, as_role, add):
    path = add()
    quiz = {"title": "Quiz: Limpets", "kind": "quiz"}
    client.post(f"{path}/assessments", json=quiz, headers=as_role("admin"))

    response = delete(client, path, as_role("admin"))

    assert response.status_code == 409
    assert response.json["type"].endswith(":still-referenced")
