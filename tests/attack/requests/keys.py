"""Requests that use keys up: duplicates, replays and missing references, which store nothing."""

import json

from tests.attack.message import Message, request

WEIGHT = 10
CREATE = (
    ("/v1/subjects", {"name": "Key burning"}),
    ("/v1/subjects", {"name": "Key burning", "unknown": 1}),
    ("/v1/enrollments", {"student_id": 4_294_967_295, "course_id": 1}),
    ("/v1/enrollments", {"student_id": 1, "course_id": 1}),
    ("/v1/attempts", {"enrollment_id": 1, "assessment_id": 4_294_967_295, "score": "1.00"}),
    ("/v1/courses/1/chapters", {"title": "Key burning", "chapter_number": 1}),
    ("/v1/students:batch", {"items": []}),
)


def messages(target, random):
    """Yield each request as each role, with a new, a repeated and no Idempotency-Key, forever."""
    number = 0
    while True:
        number += 1
        path, body = random.choice(CREATE)
        key = random.choice((f"burn-{number}", "burn-repeated", None))
        yield Message(
            request(
                "POST",
                path,
                *([f"Idempotency-Key: {key}"] if key else []),
                body=json.dumps(body).encode(),
                token=target.token(random),
            )
        )
