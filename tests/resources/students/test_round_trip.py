"""What is exported can be imported elsewhere, and is the same there."""

import json

import pytest

from app import create_app
from tests.resources.students.conftest import student
from tests.resources.students.test_export import URL
from tests.support.database import settings_for
from tests.support.signing_in import basic

PASSWORD = "a password of some length"
NDJSON = "application/x-ndjson"
GIVEN_ANEW = {"student_id", "last_update"}
NAMES = ["=1+1", "'=1+1", "''", "'quoted'", '"', "a,b", "-", "Þórsdóttir", "\U0001f393", "+", "@x"]


@pytest.fixture
def there(school):
    """Export what is in the other database: the answer in a format."""
    app = create_app(settings_for(school))
    app.test_cli_runner().invoke(
        args=["create-user", "registrar"], input=f"{PASSWORD}\n{PASSWORD}\n"
    )
    answer = app.test_client().post("/v1/tokens", headers=basic("registrar", PASSWORD))
    headers = {"Authorization": f"Bearer {answer.json['access_token']}"}
    yield lambda kind: app.test_client().get(URL, headers={**headers, "Accept": kind}).text
    app.extensions["database"].close()


@pytest.fixture
def here(client, as_role, stored):
    """Export the sample data, and students with difficult names: the answer in a format."""
    headers = as_role("admin")
    for number, last_name in enumerate(NAMES):
        body = student(number, last_name=last_name)
        assert client.post("/v1/students", json=body, headers=headers).status_code == 201
    return lambda kind: client.get(URL, headers={**headers, "Accept": kind}).text


@pytest.mark.parametrize("extension", ["csv", "ndjson"])
def test_an_export_that_was_imported_is_exported_the_same(
    extension, here, there, run_import, tmp_path
):
    kind = "text/csv" if extension == "csv" else NDJSON
    file = tmp_path / f"all.{extension}"
    file.write_text(here(kind), newline="")

    imported = run_import(file)

    assert imported.exit_code == 0, imported.output
    # In NDJSON, where nothing is escaped that could hide a difference.
    assert students(there(NDJSON)) == students(here(NDJSON))
    assert len(students(here(NDJSON))) > 600


def students(exported):
    rows = [json.loads(line) for line in exported.splitlines()]
    return [{name: row[name] for name in row if name not in GIVEN_ANEW} for row in rows]
