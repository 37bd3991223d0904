"""All resources of the API, found from the declared operations, so that new ones are tested too.

A resource is an operation that returns a `PageOf` some model, and the operations on its items.
Valid bodies are built from the examples of the models; `FRESH` and `PAIRS` add what the examples
cannot express.
"""

import re
from dataclasses import dataclass
from functools import cache
from itertools import count
from types import UnionType
from typing import Annotated, Union, get_args, get_origin

from pydantic import BaseModel

from app import create_app
from app.http.paging import NO_FILTERS, PageOf
from app.openapi.endpoints import Endpoint, endpoints
from app.resources.students.batch import StudentBatchBody
from app.resources.students.schemas import StudentBody
from tests.support.database import query, settings_for

_numbers = count(1)

# Fields that are not text but must be unique, and their value in the n-th body.
FRESH = {"chapter_number": lambda number: 60 + number % 190}

# Bodies with two keys that must match: the query for valid pairs; `rule` restricts them.
PAIRS = {
    "NewEnrollment": """
        SELECT student_id, course_id FROM student CROSS JOIN course
        WHERE {rule} AND NOT EXISTS (
            SELECT 1 FROM enrollment WHERE enrollment.student_id = student.student_id
                                       AND enrollment.course_id = course.course_id)
        ORDER BY student_id, course_id LIMIT 200
    """,
    "NewAttempt": """
        SELECT enrollment_id, assessment_id FROM enrollment
        JOIN chapter USING (course_id) JOIN assessment USING (chapter_id)
        WHERE {rule} ORDER BY enrollment_id, assessment_id LIMIT 200
    """,
}


@dataclass(frozen=True)
class Resource:
    """A list and the operations on its items, each of which may be None."""

    list: Endpoint
    model: type[BaseModel]
    create: Endpoint | None
    read: Endpoint | None
    replace: Endpoint | None
    patch: Endpoint | None
    delete: Endpoint | None

    @property
    def key(self):
        """The name of the key."""
        return re.findall(r"{(\w+)}", self.read.path)[-1]

    @property
    def table(self):
        """The table that the items are stored in."""
        return self.key.removesuffix("_id")

    @property
    def parents(self):
        """The names of the keys in the path of the list."""
        return re.findall(r"{(\w+)}", self.list.path)

    @property
    def sorts(self):
        """The columns that the list can be sorted by."""
        return names_of(self.list.declared.query, "sort")

    @property
    def embeds(self):
        """The resources that can be embedded."""
        return names_of(self.list.declared.query, "embed")

    @property
    def most(self):
        """The maximum number of items per page."""
        metadata = self.list.declared.query.model_fields["limit"].metadata
        return next(it.le for it in metadata if hasattr(it, "le"))

    @property
    def fields(self):
        """The fields of every item."""
        return [name for name, info in self.model.model_fields.items() if info.is_required()]

    @property
    def filters(self):
        """The filter parameters, except `q`."""
        return sorted(self.list.declared.query.model_fields.keys() - NO_FILTERS - {"q"})

    @property
    def is_searchable(self):
        """Whether the list has the parameter `q`."""
        return "q" in self.list.declared.query.model_fields

    def list_path(self, dba):
        """Return the path of the list, for the parent with the most items."""
        path = self.list.path
        for name in self.parents:
            sql = f"SELECT {name} FROM {self.table} GROUP BY {name} ORDER BY COUNT(*) DESC LIMIT 1"
            path = path.replace(f"{{{name}}}", str(query(dba, sql)[0][0]))
        return path

    def path_of(self, item, list_path):
        """Return the path of an item of the list with this path."""
        if self.read.path.startswith(self.list.path):
            return f"{list_path}/{item[self.key]}"
        return self.read.path.replace(f"{{{self.key}}}", str(item[self.key]))


def names_of(model, parameter):
    """Return the names that a comma-separated parameter accepts."""
    info = model.model_fields.get(parameter)
    return list(info.metadata[0].names) if info else []


@cache
def operations():
    """Return all declared operations; no database server is needed."""
    return tuple(endpoints(create_app(settings_for("mysql://nobody@127.0.0.1:1/nothing"))))


def resources():
    """Yield all resources that have a list and a GET for one item.

    Without users: the fields of their bodies depend on the role (tests/auth/test_users.py).
    """
    found = {(endpoint.path, endpoint.method): endpoint for endpoint in operations()}
    reads = {it.declared.response: it for it in found.values() if it.method == "get"}
    for endpoint in found.values():
        model = listed(endpoint)
        if model is not None and model in reads and endpoint.tag != "users":
            read = reads[model]
            on_list, on_item = endpoint.path, read.path
            yield Resource(
                endpoint,
                model,
                found.get((on_list, "post")),
                read,
                found.get((on_item, "put")),
                found.get((on_item, "patch")),
                found.get((on_item, "delete")),
            )


def required_query(endpoint):
    """Return examples of the required query parameters."""
    fields = endpoint.declared.query.model_fields if endpoint.declared.query else {}
    return {name: info.examples[0] for name, info in fields.items() if info.is_required()}


def listed(endpoint):
    """Return the model of a list's items, or None if the operation is not a list."""
    response = endpoint.declared.response
    if isinstance(response, type) and issubclass(response, PageOf):
        return response.model_fields["items"].annotation.__args__[0]
    return None


def valid_body(model, dba, rule="TRUE", **values):
    """Return a valid body with unique values; `rule` is an SQL condition for its keys."""
    number = next(_numbers)
    if model is StudentBatchBody:
        return {"items": [valid_body(StudentBody, dba)]}
    body = _example(model, number)
    if model.__name__ in PAIRS:
        sql = PAIRS[model.__name__].format(rule=rule)
        names = [name for name in body if name.endswith("_id")]
        pairs = query(dba, sql, values)
        body |= zip(names, pairs[number % len(pairs)], strict=True)
    return body


def _example(model, number):
    body = {}
    for name, info in model.model_fields.items():
        kinds = kinds_of(info.annotation)
        models = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)]
        if models:
            body[info.alias or name] = _example(models[0], number)
        elif name in FRESH:
            body[info.alias or name] = FRESH[name](number)
        elif info.examples:
            body[info.alias or name] = _fresh(info, kinds, number)
        else:
            assert not info.is_required(), f"{model.__name__}.{name} has no example"
    return body


def _fresh(info, kinds, number):
    (value, *_) = info.examples
    if kinds != {str}:
        return value
    if "@" in value:
        return f"{number}.{value}"
    most = max_length_of(info)
    return f"{value[: most - 7]} {number}" if most >= 10 else _letters(number, most)


def _letters(number, length):
    """Return a number in the base 26, the last digits only if it is longer."""
    digits = [number // 26**place % 26 for place in reversed(range(length))]
    return "".join(chr(ord("a") + digit) for digit in digits)


def max_length_of(info):
    """Return the maximum number of characters of a field."""
    return limit_of(info, "max_length")


def limit_of(info, name):
    """Return a limit of a field, such as `le`."""
    parts = [*info.metadata]
    for part in get_args(info.annotation):
        for it in getattr(part, "__metadata__", ()):
            parts += getattr(it, "metadata", [it])
    return next(getattr(it, name) for it in parts if getattr(it, name, None) is not None)


def kinds_of(annotation):
    """Return the plain types in an annotation such as `Annotated[int, ...] | None`."""
    if get_origin(annotation) is Annotated:
        return kinds_of(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return set().union(*map(kinds_of, get_args(annotation))) - {type(None)}
    return {annotation}
