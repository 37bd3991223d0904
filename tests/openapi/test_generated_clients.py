"""Clients generated from /openapi.json work with the service.

Each program in `clients` signs in, creates, reads, changes with an ETag, lists and deletes.
"""

import json
import re

import pytest

from app.resources.students.schemas import StudentBody
from tests.openapi.client_tools import CLIENTS, FOLDER, install_tools, package
from tests.support.catalog import valid_body
from tests.support.service import serving

pytestmark = pytest.mark.nightly

# What openapi-generator says about itself, not about the document.
EXPECTED = (
    "OpenAPI 3.1 support is still in beta",
    "Failed to get the schema name: null",  # a schema without $ref, such as one in anyOf
    "Error in generating `example` for the property q",  # its pattern has a negated class
    "Codegen property is null (e.g. map/dict of undefined type)",  # /openapi.json
)


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
