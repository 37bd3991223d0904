"""An exported file can be imported into another database without changes."""

import json

import pytest

from app import create_app
from tests.resources.students.conftest import student
from tests.resources.students.test_export import URL
from tests.support.database import settings_for
from tests.support.signing_in import basic

PASSWORD = "a password of some length"
NDJSON = "application/x-ndjson"
NOT_IMPORTED = {"student_id", "last_update"}
NAMES = [
    "x;=1+1",
    "\ufeff=1",
    "a;'=1,+2",
    "=1+1",
    "'=1+1",
    "''",
    "'quoted'",
    '"',
    "a,b",
    "-",
    "Þórsdóttir",
    "\U0001f393",
    "+",
    "@x",
]


@pytest.fixture
def export_target(school):
    """A function that exports the target database of the import."""
    app = create_app(settings_for(school))
    app.test_cli_runner().invoke(
        args=["create-user", "registrar"], input=f"{PASSWORD}\n{PASSWORD}\n"
    )
    response = app.test_client().post("/v1/tokens", headers=basic("registrar", PASSWORD))
    headers = {"Authorization": f"Bearer {response.json['access_token']}"}
    client = app.test_client()
    yield lambda media_type: client.get(URL, headers={**headers, "Accept": media_type}).text
    app.extensions["database"].close()


@pytest.fixture
def export_source(client, as_role, stored_emails):
    """A function that exports the sample data and students with unusual names."""
    headers = as_role("admin")
    for number, last_name in enumerate(NAMES):
        body = student(number, last_name=last_name)
        assert client.post("/v1/students", json=body, headers=headers).status_code == 201
    return lambda media_type: client.get(URL, headers={**headers, "Accept": media_type}).text


@pytest.mark.parametrize("extension", ["csv", "ndjson"])
def test_an_imported_export_is_exported_identically(
    extension, export_source, export_target, run_import, tmp_path
):
    media_type = "text/csv" if extension == "csv" else NDJSON
    file = tmp_path / f"all.{extension}"
    file.write_text(export_source(media_type), newline="")

    imported = run_import(file)

    assert imported.exit_code == 0, imported.output
    # Compared as NDJSON, in which nothing is escaped.
    assert students(export_target(NDJSON)) == students(export_source(NDJSON))
    assert len(students(export_source(NDJSON))) > 600


def students(exported):
    rows = [json.loads(line) for line in exported.splitlines()]
    return [{name: row[name] for name in row if name not in NOT_IMPORTED} for row in rows]
