"""Malformed request headers never cause a response with status 500.

`HEADERS` lists every header that the service or its libraries read. A test records what is read,
so a header that is missing from the list makes it fail.
"""

import json
import re
from base64 import urlsafe_b64encode
from contextlib import closing
from functools import partial
from io import BytesIO

import pytest
from werkzeug.test import EnvironBuilder

from app import create_app
from app.auth.schemas import PasswordChange
from app.auth.users.schemas import NewPassword
from tests.support.catalog import operations, required_query, valid_body
from tests.support.database import settings_for

ORIGIN = "https://pages.example"
LONG = "x" * 8_190  # the longest line that gunicorn accepts
RAW_BYTES = [chr(byte) for byte in (0, *range(0x80, 0x100))]  # WSGI decodes headers as Latin-1
MALFORMED = ["\x00\xff"]
MORE_MALFORMED = [LONG, "", '"', ";=,", "a*=zz''%ff"]
DEEP = urlsafe_b64encode(b"[" * 4_000).decode()
MANY_DIGITS = urlsafe_b64encode(b'{"alg": ' + b"1" * 4_000 + b"}").decode()
# The headers, and what follows each of these prefixes is malformed.
HEADERS = {
    "HTTP_ACCEPT": ["", "text/html;q=", "*/*;v="],
    "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": [""],
    "HTTP_ACCESS_CONTROL_REQUEST_METHOD": [""],
    "HTTP_ACCESS_CONTROL_REQUEST_PRIVATE_NETWORK": [""],
    "HTTP_AUTHORIZATION": ["", "Bearer ", "Bearer a.b.", "Basic "],
    "HTTP_CONNECTION": [""],
    "HTTP_FORWARDED": ["", "for="],
    "HTTP_HOST": ["", "example.org:", "["],
    "HTTP_IDEMPOTENCY_KEY": ["a b"],  # not valid whatever follows, so that nothing is stored
    "HTTP_IF_MATCH": ["", 'W/"'],
    "HTTP_IF_MODIFIED_SINCE": ["", "Thu, 01 Jan 99999 "],
    "HTTP_IF_NONE_MATCH": ["", 'W/"'],
    "HTTP_IF_RANGE": ["", 'W/"'],
    "HTTP_ORIGIN": ["", ORIGIN],
    "HTTP_RANGE": ["", "bytes=", "bytes=1-"],
    "HTTP_TRACEPARENT": ["", "00-"],
    "HTTP_TRANSFER_ENCODING": [""],
    "HTTP_VIA": [""],
    "HTTP_X_FORWARDED_FOR": ["", "::", "192.0.2.1,"],
    "HTTP_X_FORWARDED_HOST": [""],
    "HTTP_X_FORWARDED_PORT": [""],
    "HTTP_X_FORWARDED_PREFIX": [""],
    "HTTP_X_FORWARDED_PROTO": ["", "https,"],
    "HTTP_X_REQUEST_ID": [""],
    "CONTENT_LENGTH": ["", "1"],
    "CONTENT_TYPE": ["", "multipart/form-data; boundary=", "application/json; charset="],
}
VALID = {
    "HTTP_ACCESS_CONTROL_REQUEST_HEADERS": "authorization",
    "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "GET",
    "HTTP_ACCEPT": "text/csv, application/json;q=0.5, */*;q=0.1",
    "HTTP_IDEMPOTENCY_KEY": "a b",
    "HTTP_IF_MATCH": '"an old ETag"',
    "HTTP_IF_NONE_MATCH": '"an old ETag"',
    "HTTP_IF_RANGE": '"an old ETag"',
    "HTTP_RANGE": "bytes=0-9",
    "HTTP_ORIGIN": ORIGIN,
    "HTTP_TRACEPARENT": f"00-{'a' * 32}-{'b' * 16}-01",
    "HTTP_X_FORWARDED_FOR": "192.0.2.1",
}
OPERATIONS = operations()
NAMES = [f"{it.method} {it.path}" for it in OPERATIONS]
OTHER_PATHS = [
    ("/docs/", "GET"),
    ("/docs/swagger-ui.css", "GET"),
    ("/metrics", "GET"),
    ("/v1/students", "OPTIONS"),
]
DELETE = "delete /v1/courses/{course_id}"  # other rows refer to the course: a constraint
# Together they read all headers.
FEW = ["get /v1/countries/{country_id}", "post /v1/subjects", "delete /v1/subjects/{subject_id}"]
BAD_CREDENTIALS = [
    "Basic \xff",
    "Basic",
    "Basic !",
    "Basic /w==",  # the byte 0xff
    "Bearer",
    "Bearer \xff",
    f"Bearer {DEEP}.e30.e30",
    f"Bearer {MANY_DIGITS}.e30.e30",
    "Digest username*=zz''%ff",
    "\xff",
]
NO_SUCH_KEY = "4294967295"


class RecordingEnviron(dict):
    """A WSGI environment that records the headers that are read."""

    def __init__(self, environ):
        super().__init__(environ)
        self.read = set()

    def _note(self, key):
        if key.startswith(("HTTP_", "CONTENT_")):
            self.read.add(key)

    def __getitem__(self, key):
        self._note(key)
        return super().__getitem__(key)

    def __contains__(self, key):
        self._note(key)
        return super().__contains__(key)

    def get(self, key, default=None):
        self._note(key)
        return super().get(key, default)


@pytest.fixture(scope="module")
def service(migrated):
    """The application with every feature that reads a header."""
    application = create_app(settings_for(migrated, cors_origins=ORIGIN, trusted_proxies=1))
    with closing(application.extensions["database"]):
        yield application


@pytest.fixture(scope="module")
def environ_of(server, migrated, tokens):
    """A function that returns the WSGI environment of a signed-in request that changes nothing."""
    bodies = {PasswordChange: b"{}", NewPassword: b"{}"}  # a valid one would be hashed

    def create(endpoint, **headers):
        declared = endpoint.declared
        is_refused = declared.conditional or declared.idempotency_key
        key = "1" if endpoint.method == "get" or is_refused else NO_SUCH_KEY
        model = declared.body or declared.patch
        if model and model not in bodies:
            with closing(server.connect(migrated)) as dba:
                bodies[model] = json.dumps(valid_body(model, dba))
        builder = EnvironBuilder(
            path=re.sub("{[^}]*}", key, endpoint.path),
            query_string=required_query(endpoint),
            method=endpoint.method.upper(),
            data=bodies[model] if model else None,
            content_type="application/merge-patch+json" if declared.patch else "application/json",
            headers={"Authorization": f"Bearer {tokens['admin']}"},
        )
        return builder.get_environ() | VALID | headers

    return create


def other_environ(path, method, **headers):
    """Return the WSGI environment of a request to a path outside the OpenAPI document."""
    return EnvironBuilder(path=path, method=method).get_environ() | VALID | headers


def status_of(service, environ):
    """Call the application; Werkzeug's client would copy the environment."""
    statuses = []
    with closing(service(environ, lambda status, *_: statuses.append(int(status[:3])))) as body:
        text = b"".join(body)
    assert statuses[-1] < 500, text
    return statuses[-1]


def read_by(service, environ):
    """Return the headers that are read."""
    recording = RecordingEnviron(environ)
    status_of(service, recording)
    return recording.read


def send_each(service, environ, headers, values):
    """Send these values in each of the headers."""
    for header in headers:
        for prefix in HEADERS[header]:
            for value in values:
                assert status_of(service, environ(**{header: prefix + value})) < 500


def test_every_header_that_is_read_is_in_the_list(service, environ_of):
    read = set()
    for endpoint in OPERATIONS:
        read |= read_by(service, environ_of(endpoint))
    for path, method in OTHER_PATHS:
        read |= read_by(service, other_environ(path, method))

    assert read == set(HEADERS)


@pytest.mark.parametrize("endpoint", OPERATIONS, ids=NAMES)
def test_a_malformed_header_causes_no_internal_error(endpoint, service, environ_of):
    environ = partial(environ_of, endpoint)
    read = read_by(service, environ())

    send_each(service, environ, read & set(HEADERS), MALFORMED)


def test_no_raw_byte_causes_an_internal_error(service, environ_of):
    environs = [partial(environ_of, OPERATIONS[NAMES.index(name)]) for name in FEW]
    environs += [partial(other_environ, path, method) for path, method in OTHER_PATHS]
    left = set(HEADERS)
    for environ in environs:
        read = read_by(service, environ()) & left
        send_each(service, environ, read, MORE_MALFORMED)
        for header in read:
            for byte in RAW_BYTES:
                status_of(service, environ(**{header: HEADERS[header][-1] + byte}))
        left -= read

    assert not left


@pytest.mark.parametrize(("path", "method"), OTHER_PATHS)
def test_paths_outside_the_document_read_malformed_headers_too(path, method, service):
    send_each(service, partial(other_environ, path, method), HEADERS, MALFORMED)


@pytest.mark.parametrize("authorization", BAD_CREDENTIALS)
@pytest.mark.parametrize("operation", ["post /v1/tokens", "get /v1/students"])
def test_malformed_credentials_are_unauthorized(authorization, operation, service, environ_of):
    endpoint = OPERATIONS[NAMES.index(operation)]

    assert status_of(service, environ_of(endpoint, HTTP_AUTHORIZATION=authorization)) == 401


def test_a_deeply_nested_body_of_a_delete_is_ignored(service, environ_of):
    environ = environ_of(OPERATIONS[NAMES.index(DELETE)], HTTP_IF_MATCH="*")
    for body in (b"[" * 50_000, b'{"a":' * 50_000, b"\xff"):
        environ |= {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}

        assert status_of(service, environ) == 409
