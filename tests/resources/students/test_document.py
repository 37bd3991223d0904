"""The OpenAPI document says what batches and exports take and answer."""

import jsonschema
import pytest
from openapi_spec_validator import validate

from tests.resources.students.conftest import student


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json


def test_the_document_is_valid_openapi(document):
    validate(document)


def test_a_batch_is_answered_as_its_schema_says(document, client, as_role, stored):
    operation = document["paths"]["/v1/students:batch"]["post"]
    schema = operation["responses"]["207"]["content"]["application/json"]["schema"]

    answer = client.post(
        "/v1/students:batch",
        json={"items": [student(1), student(2, campus_id=250), 5]},
        headers=as_role("admin"),
    )

    jsonschema.validate(answer.json, {**schema, "components": document["components"]})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(
            {"items": [{"status": 409, "problem": {"status": "409"}}]},
            {**schema, "components": document["components"]},
        )
    assert operation["tags"] == ["students"]


def test_an_export_is_text_in_two_formats_and_never_304(document):
    answers = document["paths"]["/v1/students/export"]["get"]["responses"]

    assert list(answers["200"]["content"]) == ["text/csv", "application/x-ndjson"]
    assert "304" not in answers
    assert "406" in answers
