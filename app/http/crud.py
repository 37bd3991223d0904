"""The six things that are done to a resource: list, read, create, replace, patch, delete.

Each takes the resource's query module, which says in SQL what the resource
is, who may see it, and who may change it. A write is one unit of work: the
row is locked, compared with what the client saw, changed, and read back; what
the caller may not write is rolled back.
"""

import json
from collections.abc import Callable
from typing import Any, Protocol

from flask import Response
from pydantic import BaseModel

from app.db.transaction import Transaction
from app.http.caller import Caller, caller
from app.http.context import database
from app.http.idempotency import run_idempotently
from app.http.paging import Page, View
from app.http.preconditions import check_if_match, etag_response
from app.http.problems import Problem, not_found
from app.http.responses import ResponseData, etag_of
from app.http.validation import validate
from app.sql.select import ALL_ROWS, Condition, Select, SelectedRow

Values = dict[str, Any]


class Readable(Protocol):
    """A query module of a resource that can be read."""

    @property
    def SELECT(self) -> Select: ...  # noqa: N802
    def visible_to(self, caller: Caller, /) -> Condition: ...


class Writable(Readable, Protocol):
    """A query module of a resource that can be written."""

    def writable_by(self, caller: Caller, /) -> Condition: ...
    def insert(self, tx: Transaction, values: Values, /) -> int: ...
    def update(self, tx: Transaction, key: int, values: Values, /) -> None: ...
    def delete(self, tx: Transaction, key: int, /) -> None: ...


def list_page(queries: Readable, page: Page, within: Condition = ALL_ROWS) -> Response:
    """Answer a page of what the caller may see, and an address for the next one."""
    return page_response(_found(queries, page, within), page)


def list_children(parents: Readable, key: int, queries: Readable, page: Page) -> Response:
    """Answer a page of what belongs to one parent; 404 if that is not there.

    The foreign key bears the parent's key's name, as everywhere in the schema.
    Only where nothing is found is the parent looked for.
    """
    parent = parents.SELECT
    within = Condition(f"{queries.SELECT.table}.{parent.key} = %s", (key,))
    found = _found(queries, page, within)
    if not found and parent.read_one(database(), key, parents.visible_to(caller())) is None:
        raise not_found(parent.table)
    return page_response(found, page)


def page_response(found: list[SelectedRow], page: Page) -> Response:
    """Answer the rows of a page's window; one without JSON has a place, but is not shown."""
    looked_at = found[: page.limit]
    body = '{"items":[' + ",".join([row.json for row in looked_at if row.json]) + "]"
    if len(found) > page.limit:
        body += f',"next":{json.dumps(page.next_link(looked_at[-1].position))}'
    return etag_response(body + "}\n")


def read(queries: Readable, key: int, view: View) -> Response:
    """Answer one, if the caller may see it."""
    found = queries.SELECT.read_one(database(), key, queries.visible_to(caller()), view.projection)
    if found is None:
        raise not_found(queries.SELECT.table)
    return etag_response(found)


def create(queries: Writable, path: str, body: BaseModel, **parents: int) -> Response:
    """Store a new one, once for each Idempotency-Key; answer it and its address.

    `parents` are the keys of what it belongs to, by their columns' names.
    """

    def unit(tx: Transaction) -> ResponseData:
        key = queries.insert(tx, {**body.model_dump(), **parents})
        text = _read_back(queries, tx, key)
        return ResponseData(201, text, {"Location": f"{path}/{key}", "ETag": etag_of(text)})

    return run_idempotently(unit).response()


def replace(queries: Writable, key: int, body: BaseModel) -> Response:
    """Change one that is still as the client saw it; answer what it is now."""
    return _change(queries, key, lambda _: body)


def patch(queries: Writable, key: int, changes: dict[str, Any], model: type[BaseModel]) -> Response:
    """Change parts of one, by JSON Merge Patch (RFC 7396); what comes out has to be valid."""

    def merge(current: str) -> BaseModel:
        parts = json.loads(current)
        writable = {name: parts[name] for name in model.model_fields}
        return validate(model, json.dumps(merged(writable, changes)))

    return _change(queries, key, merge)


def delete(queries: Writable, key: int) -> Response:
    """Delete one that is still as the client saw it."""

    def unit(tx: Transaction) -> None:
        _lock(queries, tx, key)
        queries.delete(tx, key)

    database().run_transaction(unit)
    return ResponseData(204).response()


def merged(target: Any, changes: Any) -> Any:
    """Apply a merge patch (RFC 7396, 2)."""
    if not isinstance(changes, dict):
        return changes
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def _found(queries: Readable, page: Page, within: Condition) -> list[SelectedRow]:
    select = queries.SELECT
    where = within & queries.visible_to(caller()) & select.where(page.filters())
    return select.page(database(), where, page.window(), page.projection)


def _change(queries: Writable, key: int, change: Callable[[str], BaseModel]) -> Response:
    def unit(tx: Transaction) -> str:
        body = change(_lock(queries, tx, key))
        queries.update(tx, key, body.model_dump())
        return _read_back(queries, tx, key)

    text = database().run_transaction(unit)
    return ResponseData(200, text, {"ETag": etag_of(text)}).response()


def _lock(queries: Writable, tx: Transaction, key: int) -> str:
    """Lock the row; raises a `Problem` unless the caller may change it and knows it as it is."""
    me = caller()
    rule = queries.writable_by(me)
    found = queries.SELECT.read_with_rule(tx, key, queries.visible_to(me), rule, lock=True)
    if found is None:
        raise not_found(queries.SELECT.table)
    body, allowed = found
    if not allowed:
        raise Problem(403, f"This {queries.SELECT.table} is not yours to change.")
    check_if_match(body)
    return body


def _read_back(queries: Writable, tx: Transaction, key: int) -> str:
    """Read what was written; what the caller may not write is not stored."""
    found = queries.SELECT.read_with_rule(tx, key, ALL_ROWS, queries.writable_by(caller()))
    if found is None or not found[1]:
        raise Problem(403, "That would not be yours to change.")
    return found[0]
