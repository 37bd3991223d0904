"""Clients generated from /openapi.json work with the service.

Each program in `clients` signs in, creates, reads, changes with an ETag, lists and deletes.
"""

import json
import re
import shutil

import pytest

from app.resources.students.schemas import StudentBody
from tests.openapi.client_tools import CLIENTS, FOLDER, install_tools, package
from tests.support.catalog import operations, valid_body
from tests.support.server import start_server
from tests.support.service import serving

pytestmark = pytest.mark.nightly

# What openapi-generator says about itself, not about the document.
EXPECTED = (
    "OpenAPI 3.1 support is still in beta",
    "Failed to get the schema name: null",  # a schema without $ref, such as one in anyOf
    "Error in generating `example` for the property q",  # its pattern has a negated class
    "Codegen property is null (e.g. map/dict of undefined type)",  # /openapi.json
)


# Requests of the Postman collection that cannot succeed with the examples, and why.
CREATED = 409  # the request before has just created a row with these unique values
IN_USE = 409  # other rows refer to the sample row
MEANT = {
    "POST /v1/tokens/refresh": 401,  # the token of the example was never issued
    "PUT /v1/users/me/password": 422,  # nor is its password that of the user
    "DELETE /v1/users/1": 403,  # the caller
    "POST /v1/courses/1/chapters": 409,  # the course has a chapter with this number
    "POST /v1/attempts": 409,  # the assessment belongs to another course
    **{
        f"{method} /v1/{path}/1": CREATED
        for method in ("PUT", "PATCH")
        for path in ("users", "campuses", "staff", "students", "subjects")
    },
    **{
        f"DELETE /v1/{path}/1": IN_USE
        for path in (
            *("campuses", "staff", "students", "subjects", "courses"),
            *("chapters", "assessments", "enrollments"),
        )
    },
}


@pytest.fixture(scope="module")
def tools():
    return install_tools()


@pytest.fixture(scope="module")
def service(migrated):
    with serving(migrated) as running:
        yield running


@pytest.fixture
def document(service, tmp_path):
    """The document of the running service, in a file."""
    path = tmp_path / "openapi.json"
    path.write_text(service.get("/openapi.json").text)
    return path


@pytest.fixture
def arguments(service, server, dba):
    """The arguments of the programs: URL, user name, password and a new student."""
    admin = next(user for user in server.users if user.role == "admin")
    student = json.dumps(valid_body(StudentBody, dba))
    return str(service.client.base_url).rstrip("/"), admin.user_name, admin.password, student


def test_the_python_client_of_openapi_generator_works(tools, document, arguments, tmp_path):
    output = tools.run(
        *("openapi-generator-cli", "generate", "--generator-name", "python"),
        *("--input-spec", document, "--output", tmp_path / "client"),
        cwd=tmp_path,
    )
    tools.run(
        *(tools.python, CLIENTS / "openapi_generator.py", *arguments),
        cwd=tmp_path,
        PYTHONPATH=str(tmp_path / "client"),
    )

    warnings = re.findall(r"^.*(?:WARN|ERROR) .*$", output, re.MULTILINE)
    assert [line for line in warnings if not any(text in line for text in EXPECTED)] == []


def test_the_client_of_openapi_python_client_works(tools, document, arguments, tmp_path):
    output = tools.run(
        *("openapi-python-client", "generate", "--path", document, "--meta", "none"),
        *("--fail-on-warning", "--output-path", tmp_path / "generated"),
        cwd=tmp_path,
    )
    tools.run(
        *(tools.python, CLIENTS / "openapi_python_client.py", *arguments),
        cwd=tmp_path,
        PYTHONPATH=str(tmp_path),
    )

    assert "warning" not in output.lower()


def test_the_types_of_openapi_typescript_fit_the_service(tools, document, arguments, tmp_path):
    generator = package("openapi-typescript") / "bin/cli.js"
    output = tools.node(generator, document, "--output", tmp_path / "schema.ts", cwd=FOLDER)
    for name in ("openapi_typescript.ts", "tsconfig.json", "package.json"):
        (tmp_path / name).write_text((CLIENTS / name).read_text())
    (tmp_path / "node_modules").symlink_to(FOLDER / "node_modules")
    tools.node(package("typescript") / "bin/tsc", cwd=tmp_path)
    tools.node("built/openapi_typescript.js", *arguments, cwd=tmp_path)

    assert "warn" not in output.lower()


def test_the_requests_of_the_postman_collection_succeed_except_where_meant(tools, tmp_path):
    path = tmp_path / "openapi.json"
    with start_server() as own_server, serving(own_server.create_sample_database()) as service:
        admin = next(user for user in own_server.users if user.role == "admin")
        path.write_text(service.get("/openapi.json").text)
        url = str(service.client.base_url).rstrip("/")
        token = service.client.post("/v1/tokens", auth=(admin.user_name, admin.password)).json()
        shutil.copy(CLIENTS / "postman.cjs", FOLDER)
        output = tools.node(
            *(FOLDER / "postman.cjs", path, url, token["access_token"]),
            *(admin.user_name, admin.password),
            cwd=FOLDER,
        )
    statuses = dict(json.loads(output.splitlines()[-1]))

    assert len(statuses) == len(operations())
    assert {name: status for name, status in statuses.items() if status >= 400} == MEANT
