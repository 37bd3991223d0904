"""Lists that check rows one by one have the same items in the same order as any other list."""

from functools import partial
from itertools import product

import pytest

from app.sql import lists
from tests.support.api import all_pages

ROLES = ("admin", "staff", "student")
# Each of them is read in other ways, depending on how many rows may be checked for a page.
LISTS = (
    "/v1/students?q=man",
    "/v1/students?q=example+ann&sort=-last_name",
    "/v1/students?active=true&sort=create_date",
    "/v1/students?last_name=Almeida&sort=-last_name",
    "/v1/students?campus_id=1&active=false&sort=-last_name",
    "/v1/courses?q=bio",
    "/v1/courses?subject_id=2&sort=-title",
    "/v1/courses?staff_id=1&level=advanced&sort=credits",
    "/v1/subjects?course_id=7&sort=-name",
    "/v1/enrollments?student_id=1&sort=-enrollment_date",
    "/v1/enrollments?course_id=5&completed=true&sort=enrollment_date",
    "/v1/attempts?student_id=1&sort=-attempt_date",
    "/v1/attempts?student_id=1&min_score=60",
    "/v1/attempts?assessment_id=5&max_score=60",
    "/v1/attempts?enrollment_id=1&attempted_since=2000-01-01T00:00:00Z",
)


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("role", ROLES)
def test_the_items_do_not_depend_on_how_many_rows_are_checked(
    role, path, client, as_role, monkeypatch
):
    items = partial(all_pages, client, f"{path}&limit=30", as_role(role))
    monkeypatch.setattr(lists, "MAX_EXAMINED", 100_000)
    expected = items()

    few = 300 if path.startswith("/v1/attempts") else 40  # 15,700 rows
    for most in (1000, few):
        monkeypatch.setattr(lists, "MAX_EXAMINED", most)
        monkeypatch.setattr(lists, "FIRST_EXAMINED", 1)
        assert items() == expected

    assert expected or role != "admin"


@pytest.mark.parametrize("role", ["admin", "staff"])
@pytest.mark.parametrize("sort", ["", "enrollment_date", "-enrollment_date"])
def test_the_pages_contain_every_matching_row_once_in_order(sort, role, client, as_role):
    by = f"&sort={sort}" if sort else ""
    everything = all_pages(client, f"/v1/enrollments?limit=100{by}", as_role(role))

    for limit, value in product((7, 100), (True, False)):
        path = f"/v1/enrollments?completed={str(value).lower()}&limit={limit}{by}"
        expected = [item for item in everything if (item["completion_date"] is not None) == value]
        assert all_pages(client, path, as_role(role)) == expected


def test_a_page_without_a_match_has_a_next_one(client, as_role):
    page = client.get("/v1/attempts?max_score=0", headers=as_role("admin")).json

    assert len(page["items"]) < 20
    assert page["next"]


def test_staff_who_see_few_rows_get_them_without_a_scan(client, as_role, all_items, monkeypatch):
    """Staff see 5,300 of the 15,700 attempts; a scan of 6,000 rows finds a part of the matches."""
    path = "/v1/attempts?min_score=99.9&limit=100"
    expected = all_items(path, "staff")
    monkeypatch.setattr(lists, "MAX_EXAMINED", 6000)

    page = client.get(path, headers=as_role("staff")).json

    assert page == {"items": expected}
    assert 10 < len(expected) < 100
    monkeypatch.setattr(lists, "MAX_EXAMINED", 5000)
    assert client.get(path, headers=as_role("staff")).json["next"]
