"""Full-text search with `q`: its cost does not depend on how often a word is repeated."""

from functools import partial

import pytest
from pydantic import TypeAdapter

from app.http.parameters import MAX_SEARCH_WORDS, FullTextQuery
from tests.support.counting import changes
from tests.support.database import query

SEARCH = TypeAdapter(FullTextQuery)


@pytest.mark.parametrize(
    ("text", "searched"),
    [
        ("ann ann ANN", ("ann",)),
        ("a ann b", ("ann",)),
        ("an ann anna", ("anna",)),
        ("zoe.sample@example.edu", ("zoe", "sample", "example", "edu")),
        ("——", ()),
    ],
)
def test_each_word_is_searched_for_once(text, searched):
    assert SEARCH.validate_python(text) == searched


@pytest.mark.parametrize(
    "text", ["a", "a a a a", " ", "+", "+".join(f"w{n}x" for n in range(MAX_SEARCH_WORDS + 1))]
)
def test_a_text_without_words_or_with_too_many_is_rejected(text, client, as_role):
    response = client.get("/v1/students", query_string={"q": text}, headers=as_role("student"))

    assert response.status_code == 400
    assert response.json["errors"][0]["parameter"] == "q"


def test_students_find_themselves_without_a_search_among_all(client, as_role, dba, me):
    ((first_name, email),) = query(
        dba,
        "SELECT first_name, email FROM student WHERE student_id = %s",
        (me["student_id"],),
    )
    headers = as_role("student")

    def found(text):
        response = client.get("/v1/students", query_string={"q": text}, headers=headers)
        return [item["student_id"] for item in response.json["items"]]

    assert found(f"{first_name} {email}") == found(first_name[:2]) == [me["student_id"]]
    assert found(f"{first_name} qqxxzz") == found("——") == []


def test_a_search_by_a_student_costs_a_fraction_of_a_search_among_all(client, as_role, server):
    def pages_read(role):
        get = partial(client.get, "/v1/students?q=example", headers=as_role(role))
        assert get().json["items"]
        (pages,) = changes(server, get, "Innodb_buffer_pool_read_requests").values()
        return pages

    assert pages_read("student") < pages_read("admin") / 4
