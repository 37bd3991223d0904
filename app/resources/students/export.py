"""Export of students as one download: `GET /v1/students/export`, CSV or NDJSON (by Accept).

It has its own URL instead of being another media type of `GET /v1/students`, because pages, sort
orders and ETags do not apply to it.

The rows are read in key order, 1,000 per page, with one statement per page. The worker and the
driver therefore hold one page regardless of the number of students, and no connection is checked
out while a slow client reads. On the other hand, the download is not a snapshot. A student who
exists during the whole download is included exactly once, as of the time their page was read.
Students created or deleted meanwhile may or may not be included.

The first page is read before the response starts, so an unavailable database results in a 503. If
the database fails later, the body ends without its final chunk, which HTTP clients report as an
error.
"""

import json
from collections.abc import Callable, Iterator

from flask import Response, stream_with_context

from app.db.transaction import Reader
from app.http.api import Resource
from app.http.caller import ANY_ROLE, caller
from app.http.consistency import reader
from app.http.context import database
from app.http.negotiation import best_match
from app.http.operation import operation
from app.resources.students import csv_format, queries
from app.resources.students.schemas import StudentFilters
from app.sql.select import Condition, SelectedRow, Window

CSV = "text/csv"
NDJSON = "application/x-ndjson"
ROWS_PER_PAGE = 1000


class StudentExport(Resource):  # type: ignore[misc]
    """Export of students as a file."""

    @operation(roles=ANY_ROLE, query=StudentFilters, response=str, produces=(CSV, NDJSON))
    def get(self, query: StudentFilters) -> Response:
        """Download students as CSV or NDJSON.

        All matching students, sorted by key. CSV cells that a spreadsheet would evaluate as a
        formula are prefixed with an apostrophe. For staff it contains the students of their own
        campus, for students their own record.
        """
        media_type = best_match((CSV, NDJSON))
        where = queries.visible_to(caller()) & queries.where(caller(), query.filters())
        return _download(_pages(reader(limited=False), where), media_type)


def _download(pages: Iterator[list[SelectedRow]], media_type: str) -> Response:
    write, extension = (_to_csv, "csv") if media_type == CSV else (_to_ndjson, "ndjson")
    first = next(pages, [])
    header = csv_format.header() if media_type == CSV else ""
    response = Response(
        stream_with_context(_body(header, first, pages, write)),
        content_type=f"{media_type}; charset=utf-8"
        + ("; header=present" if media_type == CSV else ""),
    )
    response.headers["Content-Disposition"] = f'attachment; filename="students.{extension}"'
    response.headers["Cache-Control"] = "no-store"
    response.vary.add("Accept")
    return response


def _pages(db: Reader, where: Condition) -> Iterator[list[SelectedRow]]:
    """Yield the pages one by one; no connection is held between pages."""
    after = None
    while True:
        try:
            window = Window(after=after, limit=ROWS_PER_PAGE)
            page = queries.SELECT.page(db, where, window)
        finally:
            # Some strategies keep a connection until the end of the request.
            database().end_request()
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


def _to_csv(page: list[SelectedRow]) -> str:
    return csv_format.to_csv(csv_format.to_row(json.loads(row.json)) for row in page)


def _to_ndjson(page: list[SelectedRow]) -> str:
    return "".join(f"{row.json}\n" for row in page)
