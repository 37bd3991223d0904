"""What common clients send by default is accepted if it has only one meaning."""

import pytest


@pytest.fixture
def get(client, as_role):
    def read(path, status=200):
        response = client.get(path, headers=as_role("admin"))
        assert response.status_code == status, response.text
        return response.json

    return read


def test_json_is_accepted_as_a_merge_patch(client, as_role, dba):
    url = "/v1/courses/1"
    before = client.get(url, headers=as_role("admin"))
    headers = as_role("admin") | {"If-Match": before.headers["ETag"]}

    patched = client.patch(url, json={"title": before.json["title"]}, headers=headers)

    assert patched.json == before.json


def test_another_media_type_of_a_patch_is_rejected_with_the_accepted_ones(client, as_role):
    headers = as_role("admin") | {"If-Match": "*"}

    refused = client.patch(
        "/v1/courses/1", data="[]", headers=headers, content_type="application/json-patch+json"
    )

    assert refused.status_code == 415
    assert refused.headers["Accept-Patch"] == "application/merge-patch+json"


@pytest.mark.parametrize("text", ["True", "true"])
def test_a_boolean_may_be_written_as_in_python(text, get):
    items = get(f"/v1/students?limit=100&active={text}")["items"]

    assert items
    assert all(item["active"] for item in items)
    assert get(f"/v1/students?active={text.upper()}", 400)


def test_a_parameter_without_a_value_counts_as_absent(get):
    empty = get("/v1/students?limit=&campus_id=&q=&sort=&fields=&cursor=")

    assert empty["items"] == get("/v1/students")["items"]


def test_an_unknown_parameter_without_a_value_is_rejected(get):
    assert get("/v1/students?colour=", 400)["errors"] == [
        {"parameter": "colour", "detail": "unknown parameter"}
    ]


def test_a_list_of_names_may_be_a_repeated_parameter_on_every_page(get):
    page = get("/v1/students?limit=2&fields=last_name&sort=-last_name&fields=email")
    together = get("/v1/students?limit=2&fields=last_name,email&sort=-last_name")

    assert page["items"] == together["items"]
    assert get(page["next"])["items"] == get(together["next"])["items"]


def test_another_repeated_parameter_is_rejected_by_name(get):
    problem = get("/v1/students?campus_id=1&campus_id=2&fields=email&fields=email", 400)

    assert problem["errors"] == [{"parameter": "campus_id", "detail": "repeated parameter"}]
