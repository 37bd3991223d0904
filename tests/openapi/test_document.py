"""The OpenAPI document is valid and describes every operation completely."""

import json
import re

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel, TypeAdapter

from app.http.operation import Operation
from app.http.paging import PageOf
from app.openapi.models import Models, is_model
from tests.support.catalog import operations

OPERATIONS = operations()
EVERY_OPERATION = pytest.mark.parametrize(
    "endpoint", OPERATIONS, ids=lambda it: f"{it.method.upper()} {it.path}"
)


@pytest.fixture
def described(openapi_document, endpoint):
    """An operation in the document."""
    return openapi_document["paths"][endpoint.path][endpoint.method]


@pytest.fixture
def component_names(openapi_document):
    return list(openapi_document["components"]["schemas"])


def test_the_document_is_valid_openapi(openapi_document):
    OpenAPIV31SpecValidator(openapi_document).validate()


def test_the_document_describes_every_declared_operation(openapi_document):
    described = {
        (path, method) for path, item in openapi_document["paths"].items() for method in item
    }

    assert described == {(endpoint.path, endpoint.method) for endpoint in OPERATIONS}


def test_the_document_is_served_without_a_token(client, openapi_document):
    response = client.get("/openapi.json")

    assert response.status_code == 200
    assert response.json == openapi_document
    assert response.json["openapi"].startswith("3.1.")


def test_every_list_has_a_limit_or_a_documented_bound(openapi_document):
    unlimited = {
        (method, path)
        for path, item in openapi_document["paths"].items()
        for method, operation in item.items()
        if lists_in(openapi_document, operation) and "limit" not in names_of(operation)
    }

    assert unlimited == {
        ("get", "/v1/status"),  # one for each worker, the last 100 closed connections
        ("get", "/v1/students/{student_id}/progress"),  # 422 above 1,000
        ("post", "/v1/students/{student_id}/at-data"),  # 422 above 1,000
        ("post", "/v1/students:batch"),  # one item for each in the request, at most 100
    }


def lists_in(openapi_document, operation):
    """Return the names of lists in an operation's responses. Embedded lists are bounded."""
    schemas = [
        content.get("schema", {})
        for status, response in operation["responses"].items()
        if status.startswith("2")
        for content in response.get("content", {}).values()
    ]
    components = openapi_document["components"]["schemas"]
    models = [components.get(it.get("$ref", "").rpartition("/")[2], it) for it in schemas]
    return [
        name
        for model in models
        for name, member in {"": model, **model.get("properties", {})}.items()
        if member.get("type") == "array"
    ]


def names_of(operation):
    return {parameter.get("name") for parameter in operation.get("parameters", [])}


def test_operation_ids_are_unique(openapi_document):
    ids = [
        operation["operationId"]
        for item in openapi_document["paths"].values()
        for operation in item.values()
    ]

    assert sorted(ids) == sorted(set(ids))


def test_component_names_are_plain_words(component_names):
    # For classes of the same name pydantic makes names such as app__resources__x__Student.
    assert [name for name in component_names if not re.fullmatch("[A-Z][A-Za-z]+", name)] == []


def test_component_names_differ_by_more_than_case(component_names):
    assert len({name.lower() for name in component_names}) == len(component_names)


def test_two_schemas_of_the_same_name_are_rejected():
    class Note(BaseModel):
        note_id: int

    class NoteList(BaseModel):
        title: str

    declared = [Operation(roles=None, response=model) for model in (PageOf[Note], NoteList)]

    with pytest.raises(ValueError, match="NoteList"):
        Models(declared)


@EVERY_OPERATION
def test_an_operation_and_its_parameters_are_described(endpoint, described):
    assert re.fullmatch(r"[A-Z].*\.", described["summary"])
    assert described["description"]
    for parameter in described["parameters"]:
        assert parameter.get("description"), parameter["name"]
        assert parameter["schema"], parameter["name"]


@EVERY_OPERATION
def test_a_json_response_is_described_by_a_model(endpoint, described):
    success = described["responses"][str(endpoint.declared.status)]
    for media_type, content in success.get("content", {}).items():
        assert (
            media_type != "application/json"
            or is_model(endpoint.declared.response)
            or endpoint.path == "/openapi.json"
        )
        assert content["schema"]


@EVERY_OPERATION
def test_every_problem_is_described(endpoint, described):
    problems = {status: it for status, it in described["responses"].items() if status >= "400"}

    assert problems.keys() >= {"400"}
    for status, problem in problems.items():
        assert problem["description"]
        assert "application/problem+json" in problem["content"]
        assert status not in {"429", "503"} or "Retry-After" in problem["headers"]


@EVERY_OPERATION
def test_the_example_of_a_body_is_a_valid_body(endpoint, described):
    for media_type, content in described.get("requestBody", {}).get("content", {}).items():
        example = content["example"]
        if endpoint.declared.patch is None and media_type == "application/json":
            TypeAdapter(endpoint.declared.body).validate_json(json.dumps(example))
        assert example


@EVERY_OPERATION
def test_the_security_of_an_operation_matches_its_roles(endpoint, described):
    if endpoint.declared.roles is None:
        assert described["security"] in ([], [{"basic": []}])
    else:
        assert described["security"] == [{"bearer": sorted(endpoint.declared.roles)}]
        assert "401" in described["responses"]


def test_no_schema_has_null_as_its_default(openapi_document):
    assert '"default": null' not in json.dumps(openapi_document)


def test_a_patch_has_no_defaults(openapi_document):
    patches = {
        name: schema
        for name, schema in openapi_document["components"]["schemas"].items()
        if name.endswith("Patch")
    }

    assert patches
    assert '"default"' not in json.dumps(patches)


@EVERY_OPERATION
def test_a_response_that_can_be_revalidated_documents_its_etag(endpoint, described):
    if "304" in described["responses"]:
        assert "ETag" in described["responses"]["200"]["headers"]
