"""The OpenAPI document describes batches and exports correctly."""

import jsonschema
import pytest
from openapi_spec_validator import validate

from tests.resources.students.conftest import student


@pytest.fixture
def document(client):
    return client.get("/openapi.json").json


def test_the_document_is_valid_openapi(document):
    validate(document)


def test_the_response_to_a_batch_matches_its_schema(document, client, as_role, stored_emails):
    operation = document["paths"]["/v1/students:batch"]["post"]
    schema = operation["responses"]["207"]["content"]["application/json"]["schema"]

    response = client.post(
        "/v1/students:batch",
        json={"items": [student(1), student(2, campus_id=250), 5]},
        headers=as_role("admin"),
    )

    jsonschema.validate(response.json, {**schema, "components": document["components"]})
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(
            {"items": [{"status": 409, "problem": {"status": "409"}}]},
            {**schema, "components": document["components"]},
        )
    assert operation["tags"] == ["students"]


def test_an_export_has_two_media_types_and_no_304(document):
    responses = document["paths"]["/v1/students/export"]["get"]["responses"]

    assert list(responses["200"]["content"]) == ["text/csv", "application/x-ndjson"]
    assert "304" not in responses
    assert "406" in responses
