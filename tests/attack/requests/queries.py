"""Queries that examine many rows: filters, sorts, searches, embeds and cursors, as each role."""

from urllib.parse import urlencode

from tests.attack.message import Message, request

WEIGHT = 14
COSTLY = (
    "/v1/attempts?min_score=0&max_score=0.01&sort=-attempt_date&limit=100",
    "/v1/attempts?min_score=99.99&sort=attempt_date&limit=100",
    "/v1/reports/course-results?limit=100",
    "/v1/reports/honors?min_average=0&min_attempts=1&limit=100",
    "/v1/students?q=a+a+a+a&limit=100",
    "/v1/students?q=" + "e+" * 100,
    "/v1/students/export",
    "/v1/courses?embed=subjects,staff,chapters&limit=100",
    "/v1/enrollments?embed=attempts&limit=100",
)
VALUES = (
    *(
        "",
        "0",
        "1",
        "-1",
        "100",
        "101",
        "4294967295",
        "1e9",
        "0.01",
        "99999999999999999999",
        "true",
    ),
    *(
        "a",
        "a a a a",
        "%",
        "_",
        "*",
        "+a -b",
        '"',
        "(((",
        "@",
        "\x00",
        "\xff",
        "é" * 50,
        "a" * 2000,
    ),
    *("2024-01-01", "0000-00-00", "9999-12-31T23:59:59Z", "WyIvdjEvIl0", "e30", "last_name"),
    *("-create_date", "attempt_date,-score", ",", ",,,,", "subjects,staff,chapters", "attempts"),
)


def messages(target, random):
    """Yield the costly queries and random combinations of the parameters, forever."""
    lists = [it for it in target.operations if it.method == "get" and it.declared.query]
    for path in COSTLY:
        for token in target.tokens.values():
            yield Message(request("GET", path, token=token))
    while True:
        endpoint = random.choice(lists)
        names = sorted(endpoint.declared.query.model_fields)
        chosen = random.sample(names, random.randint(1, min(3, len(names))))
        query = urlencode({name: random.choice(VALUES) for name in chosen})
        path = f"{target.path(endpoint, random)}?{query}"
        yield Message(request("GET", path, token=target.token(random)))
