"""Schemathesis sends requests generated from the OpenAPI document and checks the responses.

`make test` sends one request for each operation of some resources, as an administrator; `make
test-nightly` sends one for each operation as the other roles. `make fuzz CASES=10000` sends that
number and also covers the boundaries of every parameter and sequences of requests. Each failure is
printed with a curl command that reproduces it. FUZZ_PATHS='^/v1/books' selects paths.
"""

import os
import re
import subprocess
import sys

import pytest

from app.auth import tokens
from app.http.caller import Caller
from tests.support.catalog import operations
from tests.support.database import query, settings_for
from tests.support.service import PROJECT, serving

CASES = int(os.environ.get("CASES", "0"))
MIN_CASES = int(os.environ.get("MIN_CASES", "1"))  # for each operation and role
IN_MAKE_TEST = r"^/v1/(students|tokens|subjects)"
PATHS = os.environ.get("FUZZ_PATHS", "")  # a regular expression; all paths if empty
ROLES = [
    "admin",
    *(
        pytest.param(role, marks=() if CASES else pytest.mark.nightly)
        for role in ("staff", "student")
    ),
]


@pytest.fixture(scope="module")
def url(server, migrated):
    """A copy of the sample data that the requests may change."""
    return server.create_sample_database()


@pytest.fixture(scope="module")
def service(url):
    with serving(url) as running:
        yield running


@pytest.fixture(scope="module")
def issued(server, url):
    """A token of the sample user of each role, whom the requests may delete."""
    names = ("api_user_id", "role", "campus_id", "student_id", "staff_id")
    sql = (
        "SELECT api_user_id, role, campus_id, student_id, staff_id "
        "FROM api_user LEFT JOIN staff USING (staff_id)"
    )
    settings = settings_for(url, access_token_seconds=86_400)
    with server.connect(url) as root:
        rows = [dict(zip(names, row, strict=True)) for row in query(root, sql)]
    return {row["role"]: tokens.issue(Caller.from_row(row), settings) for row in rows}


@pytest.fixture
def token(role, issued):
    return issued[role]


@pytest.mark.parametrize("role", ROLES)
def test_responses_match_the_document(role, service, token):
    found = [endpoint for endpoint in operations() if re.search(PATHS, endpoint.path)]
    cases = CASES // (len(ROLES) * len(found))
    paths = PATHS or (IN_MAKE_TEST if role == "admin" and not CASES else "")
    phases = "examples,coverage,fuzzing,stateful" if CASES else "fuzzing"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli"),
            *("--config-file", PROJECT / "tests/openapi/schemathesis.toml"),
            *("run", f"{service.client.base_url}/openapi.json", "--no-color"),
            *("--header", f"Authorization: Bearer {token}"),
            *("--max-examples", str(max(cases, MIN_CASES)), "--phases", phases, "--workers", "2"),
            *(() if CASES else ("--seed", "1")),
            *(("--include-path-regex", paths) if paths else ()),
        ],
        cwd=PROJECT,
        env={**os.environ, "FUZZ_AUTHORIZATION": f"Bearer {token}", "PYTHONPATH": str(PROJECT)},
        capture_output=not CASES,  # `make fuzz` shows the progress
        text=True,
        check=False,
    )
    print((done.stdout or "")[-20_000:], (done.stderr or "")[-2_000:])

    assert done.returncode == 0
    assert "Traceback" not in service.log.read_text()
