"""Every resource of the API, found by walking what is declared, so that a new one is covered.

A resource is a list (what answers a `PageOf` something) and what else answers that something.
Valid bodies are made of the models' examples; what those cannot know is in `FRESH` and `PAIRS`.
"""

import re
from dataclasses import dataclass
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

# Fields that have to be unlike all others and are no text: what the n-th body has there.
FRESH = {"chapter_number": lambda number: 60 + number % 190}

# Bodies whose keys have to go together: the pairs that do and that a rule lets pass.
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
    """A list and its items; an operation that there is not is None."""

    list: Endpoint
    model: type[BaseModel]
    create: Endpoint | None
    read: Endpoint | None
    replace: Endpoint | None
    patch: Endpoint | None
    delete: Endpoint | None

    @property
    def key(self):
        """The name of an item's key."""
        return re.findall(r"{(\w+)}", self.read.path)[-1]

    @property
    def table(self):
        """The table of the items."""
        return self.key.removesuffix("_id")

    @property
    def parents(self):
        """The names of the keys of what the list belongs to."""
        return re.findall(r"{(\w+)}", self.list.path)

    @property
    def sorts(self):
        """What the list can be sorted by."""
        return names_of(self.list.declared.query, "sort")

    @property
    def embeds(self):
        """The relatives that can be added."""
        return names_of(self.list.declared.query, "embed")

    @property
    def most(self):
        """How many items a page has at most."""
        metadata = self.list.declared.query.model_fields["limit"].metadata
        return next(it.le for it in metadata if hasattr(it, "le"))

    @property
    def fields(self):
        """What is in each item."""
        return [name for name, info in self.model.model_fields.items() if info.is_required()]

    @property
    def filters(self):
        """The parameters that choose items, but for `q`."""
        return sorted(self.list.declared.query.model_fields.keys() - NO_FILTERS - {"q"})

    @property
    def is_searchable(self):
        """Whether the list takes `q`."""
        return "q" in self.list.declared.query.model_fields

    def list_path(self, dba):
        """The list's path, in a parent that has items."""
        path = self.list.path
        for name in self.parents:
            sql = f"SELECT {name} FROM {self.table} GROUP BY {name} ORDER BY COUNT(*) DESC LIMIT 1"
            path = path.replace(f"{{{name}}}", str(query(dba, sql)[0][0]))
        return path

    def path_of(self, item, list_path):
        """The path of an item of the list with that path."""
        if self.read.path.startswith(self.list.path):
            return f"{list_path}/{item[self.key]}"
        return self.read.path.replace(f"{{{self.key}}}", str(item[self.key]))


def names_of(model, parameter):
    """The names that a comma-separated parameter takes."""
    info = model.model_fields.get(parameter)
    return list(info.metadata[0].names) if info else []


def operations():
    """All declared operations; nothing is connected for that."""
    return list(endpoints(create_app(settings_for("mysql://nobody@127.0.0.1:1/nothing"))))


def resources():
    """All resources that can be listed and read one by one."""
    found = {(endpoint.path, endpoint.method): endpoint for endpoint in operations()}
    reads = {it.declared.response: it for it in found.values() if it.method == "get"}
    for endpoint in found.values():
        model = listed(endpoint)
        if model is not None and model in reads:
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
    """The parameters that have to be given."""
    fields = endpoint.declared.query.model_fields if endpoint.declared.query else {}
    return {name: info.examples[0] for name, info in fields.items() if info.is_required()}


def listed(endpoint):
    """What a list lists; None of what is no list."""
    answer = endpoint.declared.response
    if isinstance(answer, type) and issubclass(answer, PageOf):
        return answer.model_fields["items"].annotation.__args__[0]
    return None


def valid_body(model, dba, rule="TRUE", **values):
    """A body of this model that is unlike all others; a rule says which keys it may have."""
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
    return f"{value[: longest(info) - 7]} {number}"


def longest(info):
    """How many characters a field has at most."""
    parts = [*info.metadata]
    for part in get_args(info.annotation):
        parts += getattr(part, "__metadata__", ())
    return next(it.max_length for it in parts if getattr(it, "max_length", None))


def kinds_of(annotation):
    """The types that are left of `Annotated[int, ...] | None`."""
    if get_origin(annotation) is Annotated:
        return kinds_of(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        return set().union(*map(kinds_of, get_args(annotation))) - {type(None)}
    return {annotation}
