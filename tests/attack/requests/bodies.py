"""Bodies that are expensive to parse or to reject: large, deep, numerous or of another type."""

import json

from tests.attack.message import Message, request

WEIGHT = 1
TYPES = (
    *("application/json", "application/merge-patch+json", "application/x-www-form-urlencoded"),
    *("multipart/form-data; boundary=b", "text/plain", "application/json; charset=utf-16"),
)
LIMIT = 1_040_000  # just below the limit of a body


def _fields(count):
    return json.dumps({f"{number:x}": 0 for number in range(count)}).encode()


BODIES = (
    _fields(80_000),
    _fields(2_000),
    b"[" * 50_000,
    b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
    b"[" + b"{}," * 300_000 + b"{}]",
    b'{"items": [' + b"{}," * 5_000 + b"{}]}",
    b'{"items": [' + b'{"first_name": 1, "x": 2},' * 20_000 + b"{}]}",
    b'{"name": "' + b"a" * LIMIT + b'"}',
    b'{"name": "' + b"\\u0000" * 1000 + b'"}',
    b'{"name": "\\ud800"}',
    b'{"name": "\xff\xfe"}',
    b'{"name": ' + b"1" * 100_000 + b"}",
    b'{"name": 1e999999}',
    b'{"name": NaN}',
    b'{"__proto__": {}, "constructor": {}, "": null}',
    b'{"name": "x", "name": ["y"]}',
    b"a=b&" * 100_000,
    b"%" * 10_000,
    b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n' * 5_000 + b"--b--\r\n",
    b"--b\r\n" * 20_000,
    b"--b\r\nContent-Disposition: form-data; name=\"\xff\"; filename*=utf-8''%ff\r\n\r\nx\r\n--b--",
    b"x" * (LIMIT + 100_000),  # above the limit
    b"",
    b"null",
    b"\xef\xbb\xbf{}",
    b"\x00",
)


def messages(target, random):
    """Yield each body to the anonymous operations first, then to random ones, forever."""
    for body in BODIES:
        yield Message(request("POST", "/v1/tokens/refresh", body=body))
    while True:
        endpoint = random.choice(target.operations)
        yield Message(
            request(
                endpoint.method.upper(),
                target.path(endpoint, random),
                'If-Match: "x"',
                f"Idempotency-Key: hostile-{random.random()}",
                body=random.choice(BODIES),
                token=target.token(random),
                content_type=random.choice(TYPES),
            )
        )
