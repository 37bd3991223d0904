"""All students as one download: `GET /v1/students/export`, CSV or NDJSON by Accept.

An address of its own and not the list in another media type: the list has pages, orders and ETags,
and none of them means anything here.

The rows are read by the key, a thousand at a time, each page a statement of its own. So a worker
and the driver hold one page, however many students there are, and nobody holds a connection while
a slow client reads. In return the download is no snapshot: it has every student who was there from
its beginning to its end, each once and as they were when their page was read; of those who came or
went meanwhile it may have some.

The first page is read before the answer begins, so a database that is away is a 503. One that
fails later breaks the body off without its end, and HTTP clients report that.
"""

import json
from collections.abc import Callable, Iterator

from flask import Response, request, stream_with_context

from app.db.database import Database
from app.http.api import Resource
from app.http.caller import ANY_ROLE, caller
from app.http.context import database
from app.http.operation import operation
from app.resources.students import csv_form, queries
from app.resources.students.schemas import StudentFilters
from app.sql.select import Condition, SelectedRow, Window

CSV = "text/csv"
NDJSON = "application/x-ndjson"
ROWS_PER_PAGE = 1000


class StudentExport(Resource):  # type: ignore[misc]
    """All students that the caller may see, as a file."""

    @operation(roles=ANY_ROLE, query=StudentFilters, response=str, produces=(CSV, NDJSON))
    def get(self, query: StudentFilters) -> Response:
        """Download students as CSV or NDJSON.

        The whole list, ordered by key. Cells of CSV that a spreadsheet would take for formulas
        begin with an apostrophe.
        """
        kind = request.accept_mimetypes.best_match((CSV, NDJSON), default=CSV)
        where = queries.visible_to(caller()) & queries.SELECT.where(query.filters())
        return _download(_pages(database(), where), kind)


def _download(pages: Iterator[list[SelectedRow]], kind: str) -> Response:
    write, extension = (_as_csv, "csv") if kind == CSV else (_as_ndjson, "ndjson")
    first = next(pages, [])
    header = csv_form.header() if kind == CSV else ""
    response = Response(
        stream_with_context(_body(header, first, pages, write)),
        content_type=f"{kind}; charset=utf-8" + ("; header=present" if kind == CSV else ""),
    )
    response.headers["Content-Disposition"] = f'attachment; filename="students.{extension}"'
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    return response


def _pages(db: Database, where: Condition) -> Iterator[list[SelectedRow]]:
    """Read page after page; between two of them no connection is held."""
    after = None
    while True:
        try:
            page = queries.SELECT.page(db, where, Window(after=after, limit=ROWS_PER_PAGE))
        finally:
            # Some strategies keep a connection for the length of a request, and this one is long.
            db.end_request()
        if page:
            yield page
        if len(page) < ROWS_PER_PAGE:
            return
        after = page[-1].position


def _body(
    header: str,
    first: list[SelectedRow],
    others: Iterator[list[SelectedRow]],
    write: Callable[[list[SelectedRow]], str],
) -> Iterator[str]:
    yield header + write(first)
    for page in others:
        yield write(page)


def _as_csv(page: list[SelectedRow]) -> str:
    return csv_form.lines(csv_form.cells(json.loads(row.json)) for row in page)


def _as_ndjson(page: list[SelectedRow]) -> str:
    return "".join(f"{row.json}\n" for row in page)
