"""Every operation with small invalid or unexpected values, as each role."""

import json

from tests.attack.message import Message, request

WEIGHT = 15
VALUES = (
    *(None, True, 0, -1, 1, 2, 255, 256, 4_294_967_295, 4_294_967_296, 2**63, 1.5, "", " ", "1"),
    *("\u0000", "\ud7ff", "\U0001f600", "' OR '1'='1", "%s", "{}", "a" * 51, "a" * 300, [], {}),
    *([None], {"a": {"b": 1}}, "2024-02-30", "2024-01-01T00:00:00Z", "9999-12-31", "1e5", "NaN"),
)
PATCH = "application/merge-patch+json"


def messages(target, random):
    """Yield requests with a body of the right fields and wrong values, forever."""
    while True:
        endpoint = random.choice(target.operations)
        declared = endpoint.declared
        model = declared.body or declared.patch
        yield Message(
            request(
                endpoint.method.upper(),
                target.path(endpoint, random),
                f"If-Match: {random.choice(ETAGS)}",
                body=json.dumps(_body(model, random)).encode() if model else None,
                token=target.token(random),
                content_type=PATCH if declared.patch else "application/json",
            )
        )


ETAGS = ("*", '"x"', '"a", "b"', "x", 'W/"x"', "")


def _body(model, random):
    """Return an object with examples for some fields and hostile values for the others."""
    body = {}
    for name, info in model.model_fields.items():
        hostile = random.random() < 0.3
        body[info.alias or name] = (
            random.choice(VALUES) if hostile or not info.examples else info.examples[0]
        )
    return body
