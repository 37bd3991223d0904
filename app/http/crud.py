"""The six operations of a resource: list, read, create, replace, patch, delete.

Each takes the resource's query module, which defines in SQL the resource itself, the rows a caller
may see, and the rows the caller may write. A write is one transaction: the row is locked, compared
with the client's ETag, changed and read back. If the caller may not write the row in its new state,
the transaction is rolled back.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace as replace_fields
from typing import Any, Protocol, runtime_checkable

from flask import Response
from pydantic import BaseModel

from app.db.errors import CheckViolated, DuplicateKey
from app.db.transaction import Reader, Transaction
from app.http.caller import Caller, caller
from app.http.consistency import reader
from app.http.context import database
from app.http.idempotency import run_idempotently
from app.http.paging import Page, View
from app.http.preconditions import check_if_match, etag_response
from app.http.problems import Problem, not_found
from app.http.responses import ResponseData, etag_of
from app.http.types import Body
from app.http.validation import check_unchanged, validate
from app.sql.conditions import ALL_ROWS, NO_ROWS, Condition, equals
from app.sql.keyset import ListQuery
from app.sql.lists import list_rows
from app.sql.rows import SelectedRow
from app.sql.select import Projection, Select

Values = dict[str, Any]


class Readable(Protocol):
    """The query module of a resource that can be read."""

    @property
    def SELECT(self) -> Select: ...  # noqa: N802
    def visible_to(self, caller: Caller, /) -> Condition: ...


class Writable(Readable, Protocol):
    """The query module of a resource that can be written; see also `HasWriteRule`.

    `insert` returns the new row's key, or 0 if the caller may not write the row.
    """

    def insert(self, tx: Transaction, values: Values, /) -> int: ...
    def update(self, tx: Transaction, key: int, values: Values, /) -> None: ...
    def delete(self, tx: Transaction, key: int, /) -> None: ...


@runtime_checkable
class HasWriteRule(Protocol):
    """A query module that declares which rows a caller may write."""

    def writable_by(self, caller: Caller, /) -> Condition: ...


@runtime_checkable
class HasUnlisted(Protocol):
    """A query module with embedded resources whose list not every caller may read."""

    def unlisted_for(self, caller: Caller, /) -> tuple[str, ...]: ...


def writable_by(queries: Writable, caller: Caller) -> Condition:
    """Return which rows a caller may write; without a declared rule, administrators only."""
    if isinstance(queries, HasWriteRule):
        return queries.writable_by(caller)
    return ALL_ROWS if caller.role == "admin" else NO_ROWS


def list_page(queries: Readable, page: Page) -> Response:
    """Return a page of the rows that the caller may see, with a link to the next page."""
    return page_response(_rows_of(reader(), queries, page), page)


def list_children(parents: Readable, key: int, queries: Readable, page: Page) -> Response:
    """Return a page of the rows that belong to one parent; 404 if there is no such parent.

    The foreign key has the same name as the parent's key. The parent is queried only if no
    rows are found.
    """
    parent = parents.SELECT
    within = equals(queries.SELECT.table, parent.key, key)
    db = reader()
    rows = _rows_of(db, queries, page, within)
    if not rows and parent.read_one(db, key, parents.visible_to(caller())) is None:
        raise not_found(parent.table)
    return page_response(rows, page)


def page_response(rows: list[SelectedRow], page: Page) -> Response:
    """Return one page. A row without JSON is omitted, but counts toward the page limit."""
    in_page = rows[: page.limit]
    body = '{"items":[' + ",".join([row.json for row in in_page if row.json]) + "]"
    if len(rows) > page.limit or (rows and rows[-1].ends_scan):
        body += f',"next":{json.dumps(page.next_link(in_page[-1].position))}'
    return etag_response(body + "}\n")


def read(queries: Readable, key: int, view: View) -> Response:
    """Return one row; 404 if the caller may not see it."""
    visible, projection = queries.visible_to(caller()), _projection(queries, view)
    found = queries.SELECT.read_one(reader(), key, visible, projection)
    if found is None:
        raise not_found(queries.SELECT.table)
    return etag_response(found)


def create(queries: Writable, path: str, body: BaseModel, **parents: int) -> Response:
    """Store a new row, once per Idempotency-Key; return it with its URL.

    `parents` are the keys of the rows it belongs to, by column name.
    """

    def insert(tx: Transaction) -> ResponseData:
        values = {**body.model_dump(), **parents}
        with permission_first(queries, tx, values):
            key = queries.insert(tx, values)
        text = _read_back(queries, tx, key)
        return ResponseData(201, text, {"Location": f"{path}/{key}", "ETag": etag_of(text)})

    return run_idempotently(insert).response()


def replace(queries: Writable, key: int, body: Body) -> Response:
    """Replace a row if it still has the client's ETag; return the new row."""

    def replacement(current: str) -> Body:
        if body.stated:
            check_unchanged(body.stated, json.loads(current))
        return body

    return _change(queries, key, replacement)


def patch(queries: Writable, key: int, changes: dict[str, Any], model: type[BaseModel]) -> Response:
    """Apply a JSON Merge Patch (RFC 7396) to a row; the result must be a valid body."""

    def merge(current: str) -> BaseModel:
        fields = json.loads(current)
        writable = {name: fields[name] for name in model.model_fields}
        stated = {name: value for name, value in changes.items() if name not in writable}
        check_unchanged(stated, fields)
        changed = {name: value for name, value in changes.items() if name in writable}
        return validate(model, json.dumps(merged(writable, changed)))

    return _change(queries, key, merge)


@contextmanager
def permission_first(
    queries: Writable, tx: Transaction, values: Values, current: str = "{}"
) -> Iterator[None]:
    """Raise the `Problem` (403) for a row that the caller may not write, whatever it violates.

    Otherwise a violated constraint would tell the caller about rows that they may not see. The
    rule is looked up after the violation, so that it costs a valid request nothing; a violation
    takes as many statements as a row that `_read_back` rejects. `current` is the JSON of the row
    that the values change.
    """
    try:
        yield
    except (DuplicateKey, CheckViolated) as error:
        rule, row = writable_by(queries, caller()), {**json.loads(current), **values}
        if rule is not ALL_ROWS and not queries.SELECT.would_allow(tx, row, rule):
            raise may_not_store(queries) from error
        raise


def may_not_store(queries: Writable) -> Problem:
    """Return the problem for a new row, or a row in a new state, that the caller may not write."""
    return Problem(403, f"You may not store a {queries.SELECT.table} with these values.")


def delete(queries: Writable, key: int) -> Response:
    """Delete a row if it still has the client's ETag."""

    def delete_row(tx: Transaction) -> None:
        lock(queries, tx, key)
        queries.delete(tx, key)

    database().run_transaction(delete_row)
    return ResponseData(204).response()


def lock(queries: Writable, tx: Transaction, key: int) -> str:
    """Lock a row and return its JSON.

    Raises a `Problem` if the caller may not see it (404), may not write it (403), or sent an
    outdated ETag (412).
    """
    visible = queries.visible_to(caller())
    rule = writable_by(queries, caller())
    found = queries.SELECT.read_with_rule(tx, key, visible, rule, lock=True)
    if found is None:
        raise not_found(queries.SELECT.table)
    body, allowed = found
    if not allowed:
        raise Problem(403, f"You may not change this {queries.SELECT.table}.")
    check_if_match(body)
    return body


def merged(target: Any, changes: Any) -> Any:
    """Return a value with a merge patch applied (RFC 7396, section 2)."""
    if not isinstance(changes, dict):
        return changes
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def _projection(queries: Readable, view: View) -> Projection:
    """Return what the client asks for, without links that the caller may not follow."""
    if view.projection.embed and isinstance(queries, HasUnlisted):
        return replace_fields(view.projection, unlisted=queries.unlisted_for(caller()))
    return view.projection


def _rows_of(db: Reader, queries: Readable, page: Page, *within: Condition) -> list[SelectedRow]:
    select, visible = queries.SELECT, queries.visible_to(caller())
    conditions = [*within, *select.conditions(page.filters())]
    if visible is not ALL_ROWS:
        conditions.append(visible)
    query = ListQuery(select, page.window(), _projection(queries, page))
    return list_rows(db, query, conditions)


def _change(queries: Writable, key: int, change: Callable[[str], BaseModel]) -> Response:
    def update(tx: Transaction) -> str:
        current = lock(queries, tx, key)
        values = change(current).model_dump()
        with permission_first(queries, tx, values, current):
            queries.update(tx, key, values)
        return _read_back(queries, tx, key)

    text = database().run_transaction(update)
    return ResponseData(200, text, {"ETag": etag_of(text)}).response()


def _read_back(queries: Writable, tx: Transaction, key: int) -> str:
    """Return the JSON of the row just written; 403 if the caller may not write such a row."""
    rule = writable_by(queries, caller())
    found = queries.SELECT.read_with_rule(tx, key, ALL_ROWS, rule)
    if found is None or not found[1]:
        raise may_not_store(queries)
    return found[0]
