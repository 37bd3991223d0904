"""Courses: full-text search, their subjects, teachers and chapters, and who may change them."""

import pytest

from tests.support.api import ADDRESS, all_pages, delete, merge_patch
from tests.support.counting import statements
from tests.support.database import query

MISSING = 65_000  # within the range of the columns, but not an existing key
OUT_OF_RANGE = 4_000_000_000  # exceeds the range of every column


@pytest.fixture
def path(course):
    return f"/v1/courses/{course}"


def keys(response):
    return [item["course_id"] for item in response.json["items"]]


def chapters(dba, course, *numbers):
    for number in numbers:
        query(
            dba,
            "INSERT INTO chapter (course_id, chapter_number, title) VALUES (%s, %s, %s)",
            (course, number, f"Pool {number}"),
        )


@pytest.mark.parametrize("role", ["admin", "staff", "student"])
def test_every_role_sees_all_courses(role, client, as_role, dba):
    items = all_pages(client, "/v1/courses?limit=50", as_role(role))

    ((count,),) = query(dba, "SELECT COUNT(*) FROM course")
    assert len(items) == count


def test_omitted_fields_get_their_defaults(client, as_role, dba):
    created = client.post("/v1/courses", json={"title": "Dunes"}, headers=as_role("admin"))

    delete(client, created.headers["Location"], as_role("admin"))
    defaults = {"description": None, "level": "introductory", "credits": 5}
    assert created.json.items() >= defaults.items()


@pytest.mark.parametrize("words", ["tidepool", "limp anem", "TIDEPOOLS Anemones"])
def test_a_search_matches_words_of_title_and_description(words, client, as_role, course):
    response = client.get("/v1/courses", query_string={"q": words}, headers=as_role("student"))

    assert keys(response) == [course]


def test_a_search_requires_all_words(client, as_role, course):
    response = client.get("/v1/courses?q=tidepools+whales", headers=as_role("student"))

    assert keys(response) == []


def test_a_search_uses_the_current_description(client, as_role, course, path):
    merge_patch(client, path, {"description": "Barnacles."}, as_role("admin"))

    assert keys(client.get("/v1/courses?q=barnacle", headers=as_role("admin"))) == [course]
    assert keys(client.get("/v1/courses?q=limpets", headers=as_role("admin"))) == []


def test_a_search_can_be_combined_with_filters(client, as_role, course):
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


def test_embedded_chapters_are_sorted_by_number(client, as_role, course, path, dba):
    chapters(dba, course, 3, 1, 2)

    shown = client.get(f"{path}?embed=chapters", headers=as_role("student")).json

    assert [chapter["chapter_number"] for chapter in shown["chapters"]] == [1, 2, 3]
    assert shown["chapters"][0].keys() == {"chapter_id", "chapter_number", "title"}


def test_an_embedded_teacher_has_only_a_key_and_a_name(client, as_role, taught, me):
    shown = client.get(f"/v1/courses/{taught}?embed=staff", headers=as_role("student")).json

    (teacher,) = shown["staff"]
    assert teacher["staff_id"] == me["staff_id"]
    assert teacher.keys() == {"staff_id", "first_name", "last_name"}


def test_a_page_with_all_embeds_and_a_search_takes_one_statement(client, as_role, server, course):
    headers = as_role("admin")
    path = "/v1/courses?limit=100&embed=subjects,staff,chapters"
    page = client.get(path, headers=headers).json  # opens the connection

    assert any(len(item["subjects"]) > 1 for item in page["items"])
    assert any(len(item["staff"]) > 1 for item in page["items"])
    assert statements(server, lambda: client.get(f"{path}&q=tide", headers=headers)) == 1


def test_staff_may_change_courses_they_teach(client, as_role, taught):
    changed = merge_patch(client, f"/v1/courses/{taught}", {"credits": 8}, as_role("staff"))

    assert changed.status_code == 200
    assert changed.json["credits"] == 8


def test_staff_may_not_change_other_courses(client, as_role, path):
    response = merge_patch(client, path, {"credits": 8}, as_role("staff"))

    assert response.status_code == 403
    assert client.get(path, headers=as_role("staff")).json["credits"] == 5


def test_staff_may_not_create_or_delete_courses(client, as_role, taught):
    new = client.post("/v1/courses", json={"title": "Dunes"}, headers=as_role("staff"))

    assert new.status_code == 403
    assert delete(client, f"/v1/courses/{taught}", as_role("staff")).status_code == 403


@pytest.mark.parametrize(
    ("field", "value"), [("level", "expert"), ("credits", 0), ("credits", 31), ("title", "x" * 129)]
)
def test_an_invalid_field_is_rejected_by_name(field, value, client, as_role, path):
    response = merge_patch(client, path, {field: value}, as_role("admin"))

    assert response.status_code == 422
    assert [error["pointer"] for error in response.json["errors"]] == [f"/{field}"]


@pytest.mark.parametrize(("name", "key"), [("subjects", "subject_id"), ("staff", "staff_id")])
def test_repeating_a_put_of_a_link_adds_it_once(name, key, client, as_role, path):
    responses = [client.put(f"{path}/{name}/1", headers=as_role("admin")) for _ in range(2)]

    shown = client.get(f"{path}?embed={name}", headers=as_role("admin")).json
    assert [response.status_code for response in responses] == [204, 204]
    assert [linked[key] for linked in shown[name]] == [1]


@pytest.mark.parametrize("link", ["subjects/1", "staff/1"])
def test_deleting_a_link_twice_is_404_the_second_time(link, client, as_role, path):
    client.put(f"{path}/{link}", headers=as_role("admin"))

    responses = [client.delete(f"{path}/{link}", headers=as_role("admin")) for _ in range(2)]

    name = link.partition("/")[0]
    assert [response.status_code for response in responses] == [204, 404]
    assert client.get(f"{path}?embed={name}", headers=as_role("admin")).json[name] == []


@pytest.mark.parametrize("method", ["put", "delete"])
@pytest.mark.parametrize(
    "link",
    ["subjects/255", f"subjects/{OUT_OF_RANGE}", f"staff/{MISSING}", f"staff/{OUT_OF_RANGE}"],
)
def test_a_link_to_a_missing_subject_or_teacher_is_404(link, method, client, as_role, path):
    response = client.open(f"{path}/{link}", method=method, headers=as_role("admin"))

    assert response.status_code == 404


@pytest.mark.parametrize("method", ["put", "delete"])
@pytest.mark.parametrize("key", [MISSING, OUT_OF_RANGE])
@pytest.mark.parametrize("link", ["subjects/1", "staff/1"])
def test_a_link_of_a_missing_course_is_404(link, key, method, client, as_role):
    response = client.open(f"/v1/courses/{key}/{link}", method=method, headers=as_role("admin"))

    assert response.status_code == 404


@pytest.mark.parametrize("link", ["subjects/1", "staff/1"])
def test_only_administrators_add_and_remove_links(link, client, as_role, taught):
    path = f"/v1/courses/{taught}/{link}"

    assert client.put(path, headers=as_role("staff")).status_code == 403
    assert client.delete(path, headers=as_role("staff")).status_code == 403


def test_deleting_a_course_deletes_its_links_and_search_text(client, as_role, course, path, dba):
    client.put(f"{path}/subjects/1", headers=as_role("admin"))
    client.put(f"{path}/staff/1", headers=as_role("admin"))

    assert delete(client, path, as_role("admin")).status_code == 204

    for table in ("course_subject", "course_staff", "course_text", "course"):
        assert query(dba, f"SELECT 1 FROM {table} WHERE course_id = %s", (course,)) == ()


def test_a_course_with_chapters_cannot_be_deleted(client, as_role, course, path, dba):
    client.put(f"{path}/subjects/1", headers=as_role("admin"))
    chapters(dba, course, 1)

    response = delete(client, path, as_role("admin"))

    shown = client.get(f"{path}?embed=subjects", headers=as_role("admin")).json
    assert response.status_code == 409
    assert response.json["type"].endswith(":still-referenced")
    assert "errors" not in response.json  # a DELETE has no body to point into
    assert len(shown["subjects"]) == 1


def test_a_course_with_an_enrollment_cannot_be_deleted(client, as_role, course, path, dba):
    query(dba, "INSERT INTO enrollment (student_id, course_id) VALUES (1, %s)", (course,))

    assert delete(client, path, as_role("admin")).status_code == 409


def test_the_pointer_of_a_conflict_leads_into_a_nested_object(client, as_role):
    new = {
        "name": "Nowhere Campus",
        "address": {**ADDRESS, "city_id": MISSING},
    }

    response = client.post("/v1/campuses", json=new, headers=as_role("admin"))

    assert response.status_code == 409
    assert [error["pointer"] for error in response.json["errors"]] == ["/address/city_id"]
