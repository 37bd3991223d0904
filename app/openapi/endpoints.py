"""The declared operations of an application, and their URLs."""

import inspect
import re
import sys
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


def tags(app: Flask) -> dict[str, str]:
    """Return the description of each tag: the docstring of the package that has its resource.

    In the order of `app/urls.py`.
    """
    found = {"service": "The city lookup, health, metrics and this document."}
    for rule in app.url_map.iter_rules():
        view = getattr(app.view_functions[rule.endpoint], "view_class", None)
        for endpoint in _endpoints_of(rule, view):
            package = sys.modules[view.__module__.rpartition(".")[0]] if view else None
            found.setdefault(endpoint.tag, inspect.cleandoc(getattr(package, "__doc__", "") or ""))
    return found


def endpoints(app: Flask) -> Iterator[Endpoint]:
    """Return all declared operations, sorted by URL."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda it: it.rule):
        yield from _endpoints_of(
            rule, getattr(app.view_functions[rule.endpoint], "view_class", None)
        )


def _endpoints_of(rule: Rule, view: type | None) -> Iterator[Endpoint]:
    for method in METHODS:
        declared = getattr(getattr(view, method, None), "declaration", None)
        if view is not None and declared is not None:
            yield Endpoint(rule, method, view, declared)
