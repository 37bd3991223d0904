"""Content negotiation by the request's Accept header (RFC 9110, section 12.5.1).

The most specific matching media range determines the quality of a media type. The parameters of a
range, such as a version, are left to the operation.
"""

from flask import request

from app.http.problems import Problem

PROBLEM_JSON = "application/problem+json"


def check_accept(produces: tuple[str, ...]) -> None:
    """Raise a 406 `Problem` if the client accepts no media type of the response.

    An empty tuple means a response without a body, for which Accept has no effect. A client that
    names `application/problem+json`, which every operation documents, accepts a successful
    response too, unless it excludes it with `q=0`: generated clients list any documented type.
    """
    accept = request.headers.get("Accept")
    if not produces or not accept or accept == "*/*" or accept in produces:
        return
    ranges = _media_ranges()
    qualities = [_quality(kind, ranges) for kind in produces]
    if any(qualities) or (None in qualities and ranges.get(PROBLEM_JSON)):
        return
    raise Problem(406, f"The response is available as {' or '.join(produces)} only.")


def best_match(produces: tuple[str, ...]) -> str:
    """Return the media type that the client prefers; the first one of several equal ones."""
    ranges = _media_ranges()
    return max(produces, key=lambda kind: _quality(kind, ranges) or 0.0)


def _media_ranges() -> dict[str, float]:
    """Return the quality of each media range in Accept, in lower case and without parameters."""
    found: dict[str, float] = {}
    for item, quality in request.accept_mimetypes:
        name = item.partition(";")[0].strip().lower()
        found[name] = max(quality, found.get(name, 0.0))
    return found


def _quality(kind: str, ranges: dict[str, float]) -> float | None:
    """Return the quality of a media type, 0 if it is excluded, or None if no range matches."""
    for name in (kind, f"{kind.partition('/')[0]}/*", "*/*"):
        if name in ranges:
            return ranges[name]
    return None
