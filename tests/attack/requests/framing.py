"""Bodies whose length is wrong, ambiguous or malformed: Content-Length and chunked coding."""

from tests.attack.message import Message

WEIGHT = 15
BODY = b'{"refresh_token":"x"}'
SIZE = b"%x" % len(BODY)
CHUNKED = b"Transfer-Encoding: chunked\r\n"
WHOLE = SIZE + b"\r\n" + BODY + b"\r\n0\r\n\r\n"

LENGTHS = (
    *(b"Content-Length: %s\r\n" % value for value in (b"+5", b"-1", b"0x10", b"1_0", b"5 5", b"")),
    *(b"Content-Length: %s\r\n" % value for value in (b"5,5", b"\xb2", b"1" * 5000, b"1e3", b"0")),
    b"Content-Length: 5\r\nContent-Length: 6\r\n",
    b"Content-Length: 100\r\n",  # the body is shorter
    b"Content-Length: 2000000\r\n",  # above the limit, and never sent
    b"Content-Length: 99999999999999999999\r\n",
    b"Content-Length: 21\r\n" + CHUNKED,
    b"",
)
CODINGS = (
    *(
        b"Transfer-Encoding: %s\r\n" % value
        for value in (b"xchunked", b"identity", b"", b"chunked, x")
    ),
    *(b"Transfer-Encoding: %s\r\n" % value for value in (b"\x0bchunked", b'"chunked"', b"gzip")),
    b"Transfer-Encoding : chunked\r\n",
    b"Transfer_Encoding: chunked\r\n",
    CHUNKED + CHUNKED,
    b"X: y\r\n Transfer-Encoding: chunked\r\n",
)
CHUNKS = (
    b"zz\r\n" + BODY,
    b"-5\r\n" + BODY,
    b"0x" + WHOLE,
    b"+" + WHOLE,
    b"1_5\r\n" + BODY + b"\r\n0\r\n\r\n",
    b"\r\n" + WHOLE,
    SIZE + b";a=b\r\n" + BODY + b"\r\n0\r\n\r\n",
    SIZE + b";a\nb\r\n" + BODY + b"\r\n0\r\n\r\n",
    SIZE + b"\n" + BODY + b"\n0\n\n",
    SIZE + b"\r\n" + BODY + b"0\r\n\r\n",
    SIZE + b"\r\n" + BODY[:5],
    b"f" * 17 + b"\r\n" + BODY,
    b"7fffffffffffffff\r\n" + BODY,
    b"1" * 20_000,
    SIZE + b"\r\n" + BODY + b"\r\n0\r\nHost: x\r\n\r\n",
    SIZE + b"\r\n" + BODY + b"\r\n0\r\nAuthorization: x\r\n\r\n",
    SIZE + b"\r\n" + BODY + b"\r\n0\r\nno colon\r\n\r\n",
    SIZE + b"\r\n" + BODY + b"\r\n0\r\n" + b"a: b\r\n" * 2000 + b"\r\n",
    b"".join(b"10000\r\n" + b"x" * 65536 + b"\r\n" for _ in range(19)) + b"0\r\n\r\n",
    b"1\r\n \r\n" * 5000 + b"0\r\n\r\n",
)
ENDINGS = (
    *(line + b"\r\n" + BODY for line in LENGTHS),
    *(line + b"\r\n" + WHOLE for line in CODINGS),
    *(CHUNKED + b"\r\n" + chunks for chunks in CHUNKS),
)


def messages(target, random):
    """Yield each kind of broken framing for the sign-in, then for random operations, forever."""
    for ending in ENDINGS:
        yield Message(head("POST", "/v1/tokens/refresh") + ending, incomplete=True)
    while True:
        endpoint = random.choice(target.operations)
        start = head(endpoint.method.upper(), target.path(endpoint, random), target.token(random))
        yield Message(start + random.choice(ENDINGS), incomplete=True)


def head(method, path, token=None):
    """Return the start of a request head, up to the lines that describe the body."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Connection: close"]
    lines += ["Content-Type: application/json", 'If-Match: "x"']
    lines += [f"Authorization: Bearer {token}"] if token else []
    return "".join(f"{line}\r\n" for line in lines).encode()
