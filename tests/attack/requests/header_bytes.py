"""Every byte, and over-long and malformed values, in every header that the service reads."""

from base64 import b64encode
from itertools import chain

from tests.attack.message import Message, request

WEIGHT = 25
HEADERS = (
    *("Authorization", "Accept", "Content-Type", "Content-Length", "Content-Encoding", "Cookie"),
    *("If-Match", "If-None-Match", "Idempotency-Key", "X-Request-ID", "Host", "Origin", "Range"),
    *("Access-Control-Request-Method", "Access-Control-Request-Headers", "Accept-Encoding"),
    *("X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Prefix"),
    *(
        "Forwarded",
        "User-Agent",
        "Referer",
        "Traceparent",
        "Tracestate",
        "Baggage",
        "Accept-Charset",
    ),
    *("SCRIPT_NAME", "PATH_INFO", "REMOTE_USER", "Date", "If-Modified-Since", "If-Range", "Prefer"),
)
BYTES = (0, 1, 8, 9, 11, 12, 27, 127, *range(0x80, 0x100))
PREFIXES = (b"", b"Basic ", b"Bearer ", b'"', b"a/b; c=", b"text/html;q=", b"bytes=", b"W/")
VALUES = (
    *(b"", b",", b";", b"=", b'"', b"\\", b"/", b"*", b"%00", b"%ff", b"a" * 7000, b"," * 4000),
    *(b"*/*;q=x", b"a/b;q=9999999999", b"a/b;q=nan", b"a/b; x*=utf-8''%ff", b"a/b; x*0*=%"),
    *(b"multipart/form-data", b"multipart/form-data; boundary=", b"application/json; charset=x"),
    *(b"application/json; charset=utf-7", b"application/json; charset=\x00", b'"x', b'W/"x"', b"*"),
    *(b"Basic", b"Basic =", b"Basic " + b"=" * 6000, b"Basic " + b64encode(b"\xff\xfe:\xff")),
    *(b"Basic " + b64encode(b"no colon"), b"Basic " + b64encode(b":"), b"Bearer", b"Bearer a.b.c"),
    *(b"Bearer " + b"." * 4000, b"Bearer eyJhbGciOiJub25lIn0.e30.", b"Digest x", b"bytes=0-0,1-1"),
    *(b'for="[::1"', b"1.2.3.4, , x", b"::ffff:999.1.1.1", b"127.0.0.1:99999", b"[::1]:x"),
    *(b"/x", b"http://[", b"null", b"00-" + b"0" * 32, b"Thu, 99 Foo 0000 99:99:99 GMT"),
)


def messages(target, random):
    """Yield every combination once in random order, sent to random operations, then repeat."""
    each_byte = (
        (name, prefix + bytes([byte])) for name in HEADERS for prefix in PREFIXES for byte in BYTES
    )
    values = ((name, value) for name in HEADERS for value in VALUES)
    combinations = list(chain(values, each_byte))
    while True:
        random.shuffle(combinations)
        for name, value in combinations:
            endpoint = random.choice(target.operations)
            yield Message(
                request(
                    endpoint.method.upper(),
                    target.path(endpoint, random),
                    name.encode() + b": " + value,
                    token=None if name == "Authorization" else target.token(random),
                ),
                incomplete=name in ("Content-Length", "Host"),
            )
