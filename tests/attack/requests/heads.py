"""Request heads that are not HTTP, or exceed the limits of a head."""

from tests.attack.message import Message

WEIGHT = 15
HOST = b"Host: localhost\r\n"
END = b"Connection: close\r\n\r\n"

MALFORMED = (
    b"\r\n\r\n\r\n",
    b"B\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET /livez\r\n\r\n",
    b"GET  /livez HTTP/1.1\r\n" + HOST + END,
    b"GET /livez  HTTP/1.1\r\n" + HOST + END,
    b"GET\t/livez\tHTTP/1.1\r\n" + HOST + END,
    b"GET /livez HTTP/2.0\r\n\r\n",
    b"GET /livez HTTP/1.2\r\n" + HOST + END,
    b"GET /livez HTTP/9.9\r\n" + HOST + END,
    b"GET /livez http/1.1\r\n" + HOST + END,
    b"GET /livez HTTP/1.1\r\n" + END,  # without Host
    b"GET /livez HTTP/1.1\r\n" + HOST + HOST + END,
    b"GET /livez HTTP/1.1\n" + b"Host: localhost\n\n",
    b"GET /livez HTTP/1.1\rHost: localhost\r\r",
    b"GET /livez HTTP/1.1\r\n" + HOST + b"a: b\r\n c\r\n" + END,  # a folded line
    b"GET /livez HTTP/1.1\r\n" + HOST + b": empty\r\n" + END,
    b"GET /livez HTTP/1.1\r\n" + HOST + b"no colon\r\n" + END,
    b"GET /livez HTTP/1.1\r\n" + HOST + b"space : x\r\n" + END,
    b"GET /livez HTTP/1.1\r\n" + HOST + b"a b: x\r\n" + END,
    b"GET /livez HTTP/1.1\r\n" + HOST + b"\x00: x\r\n" + END,
    b"GET /livez HTTP/1.1\r\n" + HOST + b"x: \x0b\r\n" + END,
    b"GET /livez HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\n" + END,
    b"GET /livez HTTP/1.1\r\n" + HOST + b"Expect: x\r\n" + END,
    b"GET /livez HTTP/1.1\r\n" + HOST + b"Upgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
    b"GET /livez HTTP/1.1\r\n" + HOST + b"a: " + b"b" * 70_000 + b"\r\n" + END,
    b"GET /livez HTTP/1.1\r\n" + HOST + b"a: b\r\n" * 5000 + END,
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + HOST + END,
    b"GET /?" + b"a=b&" * 20_000 + b" HTTP/1.1\r\n" + HOST + END,
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,  # TLS
    b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nGET /livez HTTP/1.1\r\n" + HOST + END,
)


def messages(target, random):
    """Yield each malformed head, then valid ones with some bytes replaced, forever."""
    for data in MALFORMED:
        yield Message(data, incomplete=True)
    valid = b"GET /v1/students?limit=1 HTTP/1.1\r\n" + HOST + b"Accept: */*\r\n" + END
    while True:
        yield Message(damaged(valid, random), incomplete=True)


def damaged(data, random):
    """Return the bytes with one to three of them replaced, removed or inserted."""
    found = bytearray(data)
    for _ in range(random.randint(1, 3)):
        position = random.randrange(len(found))
        found[position : position + random.randint(0, 1)] = random.randbytes(random.randint(0, 2))
    return bytes(found)
