"""The document is valid, and says everything about every operation."""

import json

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import TypeAdapter

from app.openapi.models import is_model
from tests.support.catalog import operations

OPERATIONS = operations()
EVERY_OPERATION = pytest.mark.parametrize(
    "endpoint", OPERATIONS, ids=lambda it: f"{it.method.upper()} {it.path}"
)


@pytest.fixture
def described(written, endpoint):
    return written["paths"][endpoint.path][endpoint.method]


def test_the_document_is_valid_openapi(written):
    OpenAPIV31SpecValidator(written).validate()


def test_the_document_is_served_to_anybody(written):
    assert written["openapi"].startswith("3.1.")
    assert written["paths"].keys() == {endpoint.path for endpoint in OPERATIONS}


def test_every_operation_has_a_name_of_its_own():
    names = [endpoint.name for endpoint in OPERATIONS]

    assert sorted(names) == sorted(set(names))


@EVERY_OPERATION
def test_an_operation_and_its_parameters_are_described(endpoint, described):
    assert described["summary"].endswith(".") or described["summary"]
    assert described["description"]
    for parameter in described["parameters"]:
        assert parameter.get("description"), parameter["name"]
        assert parameter["schema"], parameter["name"]


@EVERY_OPERATION
def test_an_answer_is_described_by_a_model_or_is_no_json(endpoint, described):
    success = described["responses"][str(endpoint.declared.status)]
    for kind, content in success.get("content", {}).items():
        assert (
            kind != "application/json"
            or is_model(endpoint.declared.response)
            or (endpoint.path == "/openapi.json")
        )
        assert content["schema"]


@EVERY_OPERATION
def test_every_problem_says_when_it_comes_and_looks_like_a_problem(endpoint, described):
    problems = {status: it for status, it in described["responses"].items() if status >= "400"}

    assert problems.keys() >= {"400"}
    for status, problem in problems.items():
        assert problem["description"]
        assert "application/problem+json" in problem["content"]
        assert status not in {"429", "503"} or "Retry-After" in problem["headers"]


@EVERY_OPERATION
def test_the_example_of_a_body_is_a_valid_body(endpoint, described):
    for kind, content in described.get("requestBody", {}).get("content", {}).items():
        example = content["example"]
        if endpoint.declared.patch is None and kind == "application/json":
            TypeAdapter(endpoint.declared.body).validate_json(json.dumps(example))
        assert example


@EVERY_OPERATION
def test_what_needs_a_token_says_so(endpoint, described):
    if endpoint.declared.roles is None:
        assert described["security"] in ([], [{"basic": []}])
    else:
        assert described["security"] == [{"bearer": sorted(endpoint.declared.roles)}]
        assert "401" in described["responses"]
