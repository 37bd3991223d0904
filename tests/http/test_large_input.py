"""Work and responses are bounded for hostile bodies within the size limit, even without sign-in."""

import json
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from app.http.complexity import MAX_FIELDS, MAX_VALUES
from app.http.problems import MAX_ERRORS
from tests.deployment.servers import booted_workers
from tests.support.service import serving

PUBLIC = "/v1/tokens/refresh"
MANY_FIELDS = json.dumps(dict.fromkeys(map(str, range(85_000)), 1)).encode()
LONG_NAME = json.dumps({"x" * 1_000_000: 1}).encode()
LONG_TEXT = json.dumps({"refresh_token": "😀" * 250_000}, ensure_ascii=False).encode()
# Objects take most memory for each of their bytes.
MANY_OBJECTS = b'{"refresh_token":[' + b",".join([b"{}"] * (MAX_VALUES // 2 - 1)) + b"]}"
HOSTILE = {
    "many fields": MANY_FIELDS,
    "many lists": b"[" + b",".join([b"[]"] * 300_000) + b"]",
    "many objects": MANY_OBJECTS,
    "fields in a list": b'{"refresh_token":[{' + MANY_FIELDS[1:40_000].rpartition(b",")[0] + b"}]}",
    "long name": LONG_NAME,
    "long text": LONG_TEXT,
    "deep": b"[" * MAX_VALUES,
}
MEGABYTE = 1024 * 1024


def post(client, content, path=PUBLIC, **headers):
    return client.post(path, data=content, content_type="application/json", headers=headers)


def fields(number):
    return json.dumps({f"unknown{n}": n for n in range(number)})


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_body_gets_a_short_problem(content, note_client):
    post(note_client, b"{}")  # loads modules
    tracemalloc.start()
    try:
        response = post(note_client, content)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert response.status_code in {400, 413, 422}
    assert len(response.data) < 1000
    assert peak < len(content) + 8 * MEGABYTE


def test_errors_are_limited_and_counted(note_client):
    response = post(note_client, fields(MAX_FIELDS))

    assert response.status_code == 422
    assert len(response.json["errors"]) == MAX_ERRORS
    assert response.json["error_count"] == MAX_FIELDS + 1  # the token is missing


def test_a_few_errors_are_all_listed(note_client):
    problem = post(note_client, fields(2)).json

    assert len(problem["errors"]) == problem["error_count"] == 3


@pytest.mark.parametrize("inner", ["%s", '{"a": %s}', '{"a": [1, %s]}', "[%s]"])
def test_an_object_with_too_many_fields_is_rejected(inner, note_client):
    response = post(note_client, inner % fields(MAX_FIELDS + 1))

    assert response.status_code == 413
    assert f"more than {MAX_FIELDS} fields" in response.json["detail"]


@pytest.mark.parametrize("byte", [b",", b"[", b"{"])
def test_a_body_with_too_many_values_is_rejected_before_it_is_parsed(byte, note_client):
    response = post(note_client, byte * (MAX_VALUES + 1))

    assert response.status_code == 413
    assert "values" in response.json["detail"]
    assert post(note_client, byte * MAX_VALUES).status_code == 400


def test_unknown_parameters_are_limited_and_counted(client, as_role):
    response = client.get(
        "/v1/students?" + "&".join(map(str, range(500))), headers=as_role("admin")
    )

    assert response.status_code == 400
    assert len(response.json["errors"]) == MAX_ERRORS
    assert response.json["error_count"] == 500


@pytest.mark.parametrize("name", ["x", "/", "~"])
def test_a_long_name_is_truncated_in_errors(name, client, as_role, note_client):
    body = post(note_client, json.dumps({name * 900_000: 1}))
    query = client.get(f"/v1/students?{name * 3000}=1", headers=as_role("admin"))
    patch = client.patch(
        "/v1/students/1",
        data=json.dumps({name * 900_000: 1}),
        content_type="application/merge-patch+json",
        headers=as_role("admin") | {"If-Match": "*"},
    )

    assert [body.status_code, query.status_code, patch.status_code] == [422, 400, 422]
    for response in (body, query, patch):
        assert "…" in response.text
        assert len(response.data) < 1000


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
    ],
)
def test_a_form_with_many_fields_is_rejected(headers, client, as_role, me):
    part = b'--x\r\nContent-Disposition: form-data; name="%d"\r\n\r\n1\r\n'
    multipart = "multipart" in headers["Content-Type"]
    body = (
        b"".join(part % n for n in range(5_000)) + b"--x--"
        if multipart
        else b"&".join(b"%d=1" % n for n in range(5_000))
    )

    response = client.post(
        f"/v1/students/{me['student_id']}/at-data", data=body, headers=as_role("admin") | headers
    )

    assert response.status_code == 413
    assert len(response.data) < 1000


@pytest.mark.parametrize("content", [MANY_FIELDS, MANY_OBJECTS, b"[" * MAX_VALUES])
def test_a_merge_patch_has_the_same_limits(content, client, as_role):
    response = client.patch(
        "/v1/students/1",
        data=content,
        content_type="application/merge-patch+json",
        headers=as_role("admin") | {"If-Match": "*"},
    )

    assert response.status_code in {400, 413, 422}
    assert len(response.data) < 1000


def peak_bytes(pid):
    """Return the most memory that a process has used so far (proc(5), VmHWM)."""
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def test_the_memory_of_a_worker_stays_bounded(migrated):
    with serving(migrated, WEB_CONCURRENCY=1) as service:
        headers = {"Content-Type": "application/json"}
        send = partial(service.client.post, PUBLIC, headers=headers)
        (worker,) = booted_workers(service)
        send(content=b"{}")
        before = peak_bytes(worker)

        bodies = list(HOSTILE.values()) * 15
        with ThreadPoolExecutor(4) as pool:
            responses = list(pool.map(lambda body: send(content=body), bodies))

        assert len(responses) >= 100
        assert {response.status_code for response in responses} <= {400, 413, 422}
        assert peak_bytes(worker) - before < 50 * MEGABYTE
