"""Paths and methods that routers, proxies and file servers interpret differently."""

from tests.attack.message import Message, request

WEIGHT = 10
PATHS = (
    *("//v1/students", "/v1//students", "/v1/students/", "/./v1/students", "/v1/../metrics"),
    *("/v1/%2e%2e/metrics", "/v1/students%2f1", "/v1/students%00", "/v1/students/1%00"),
    *("/v1/students;x=1", "/v1/..;/metrics", "/V1/students", "/v1/students%20", "//metrics"),
    *("/%6detrics", "/v1/students/01", "/v1/students/1.0", "/v1/students/-1", "/v1/students/0"),
    *("/v1/students/99999999999", "/v1/students/4294967296", "/v1/students/%D9%A1"),
    *("/v1/students?%", "/v1/students?%zz=1", "/v1/students?limit=1&limit=2", "/v1/students?="),
    *("/v1/students?last_name=%ff", "/v1/students?last_name=%ED%A0%80", "/v1/students?q=%00a"),
    *("/v1/students#fragment", "*", "/%", "/%zz", "/%c0%af", "/\\..\\..", "/v1/students%3Abatch"),
    *("/docs/..%2f..%2fetc/passwd", "/docs/../../etc/passwd", "/docs/..%5c..%5cetc", "/docs/%00"),
    *(
        "/docs//etc/passwd",
        "/docs/" + "a/" * 2000,
        "/static/x",
        "/" + "a" * 4000,
        "/" + "%41" * 1300,
    ),
    *("http://other.example/livez", "http://other.example//v1/tokens", "http://[", "other:443"),
    *("/\xff\xfe", "/v1/students/\xb2", "/?city=\xff", "/?city=%00", "/?city=" + "a" * 3000),
)
METHODS = (
    *("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "PROPFIND"),
    *("get", "X" * 30, "G\x00T", "LINK", "BREW"),
)
ENDINGS = ("/", "%00", "%20", ";", "?", "//", "/..", "\xff", "%ff")


def messages(target, random):
    """Yield every method with every path, in random order, forever."""
    combinations = [(method, path) for method in METHODS for path in PATHS]
    combinations += [(it, endpoint.path) for it in METHODS for endpoint in target.operations]
    while True:
        random.shuffle(combinations)
        for method, path in combinations:
            ending = random.choice(ENDINGS) if random.random() < 0.2 else ""
            yield Message(request(method, path + ending, token=target.token(random)))
