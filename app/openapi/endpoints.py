"""The declared operations of an application, and their URLs."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flask import Flask
from werkzeug.routing import Rule

from app.http.operation import Operation

METHODS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True)
class Endpoint:
    """An operation and its URL rule."""

    rule: Rule
    method: str
    view: type
    declared: Operation

    @property
    def path(self) -> str:
        """The path in OpenAPI's notation, such as `/v1/students/{student_id}`."""
        return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", self.rule.rule)

    @property
    def name(self) -> str:
        """The operation's id, such as `get_student`, which names it in generated clients."""
        words = re.sub(r"(?<!^)(?=[A-Z])", "_", self.view.__name__).lower()
        return f"{self.method}_{words}"

    @property
    def tag(self) -> str:
        """The tag that groups the operations of one resource."""
        parts = [part for part in self.path.split("/") if part not in ("", "v1")]
        return parts[0].partition(":")[0] if self.path.startswith("/v1/") else "service"


def endpoints(app: Flask) -> Iterator[Endpoint]:
    """Return all declared operations, sorted by URL."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda it: it.rule):
        view = getattr(app.view_functions[rule.endpoint], "view_class", None)
        for method in METHODS:
            declared = getattr(getattr(view, method, None), "declaration", None)
            if view is not None and declared is not None:
                yield Endpoint(rule, method, view, declared)
