"""The rows that the server reads for a page do not grow with any table.

Every list is read in each role, with each of its filters and sort orders, all of which are found
from the declared operations; at night in all combinations. The number of rows that are checked for
a page is lowered here, so that some thousand rows suffice.
"""

from contextlib import closing
from dataclasses import replace
from itertools import product
from urllib.parse import urlencode

import pytest

from app import create_app
from app.http.paging import NO_FILTERS
from app.resources.countries import queries as countries
from app.sql import lists
from tests.resources.many_rows import ROWS, TABLES, add_many_rows
from tests.support.catalog import kinds_of, listed, names_of, operations, required_query
from tests.support.database import query, settings_for
from tests.support.server import start_server
from tests.support.signing_in import sign_in

LISTS = [endpoint for endpoint in operations() if listed(endpoint)]
ROLES = ("admin", "staff", "student")
CHECKED_ROWS = 20
LIMIT = 2
# A row that is checked is read up to 60 times: its key by two indexes and in temporary tables, and
# the rows that decide whether staff may see it, each in up to three statements.
MOST_ROWS_READ = CHECKED_ROWS * 60
# Values that select many rows, few, or none, of filters that are not columns of the list's table.
VALUES = {
    "q": ("common", "example", "man", "qqxxzz"),
    "course_id": (1, 2, 3, 30),
    "subject_id": (1, 2),
    "staff_id": (2, 3),
    "student_id": (300, 7),
    "enrollment_id": (2000, 7),
    "assessment_id": (1, 7),
    "min_score": (0, 99),
    "max_score": (100, 0),
    "attempted_since": ("2000-01-01T00:00:00Z", "2090-01-01T00:00:00Z"),
    "attempted_before": ("2090-01-01T00:00:00Z", "2000-01-01T00:00:00Z"),
    "completed": ("true", "false"),
    "min_average": (0, 100),
    "min_attempts": (1, 100_000),
    "campus_id": (1, 3),
}


@pytest.fixture(scope="module")
def many():
    """A server, and the URL of its database with many rows."""
    with start_server() as server:
        url = server.create_sample_database()
        add_many_rows(server, url)
        yield server, url


@pytest.fixture(scope="module")
def root(many):
    server, url = many
    with closing(server.connect(url)) as connection:
        yield connection


@pytest.fixture(scope="module")
def app(many):
    application = create_app(settings_for(many[1]))
    yield application
    application.extensions["database"].close()


@pytest.fixture(scope="module")
def tokens(app, many):
    return {user.role: sign_in(app.test_client(), user) for user in many[0].users}


@pytest.fixture(autouse=True)
def few_checked_rows(monkeypatch):
    monkeypatch.setattr(lists, "MAX_EXAMINED", CHECKED_ROWS)


@pytest.fixture
def read(app, as_role):
    """A function that returns a page, and the rows that the server read for it."""
    client, database = app.test_client(), app.extensions["database"]

    def counted():
        rows = database.fetch_all("SHOW SESSION STATUS LIKE 'Handler_read%'")
        database.end_request()
        return sum(int(row["Value"]) for row in rows)

    def get(path, role):
        first, before = counted(), counted()
        response = client.get(path, headers=as_role(role))
        assert response.status_code == 200, (path, response.text)
        return response.json, counted() - before - (before - first)

    return get


def filters_of(endpoint, root):
    """Return one query for each filter and value, and one without a filter."""
    model = endpoint.declared.query
    required = required_query(endpoint)
    columns = listed(endpoint).model_fields
    table = next(iter(columns)).removesuffix("_id")
    queries = [{}]
    for name in sorted(model.model_fields.keys() - NO_FILTERS):
        values = VALUES.get(name) or commonest_and_rarest(root, table, name)
        if kinds_of(model.model_fields[name].annotation) == {bool}:
            values = [it if isinstance(it, str) else str(bool(it)).lower() for it in values]
        queries += [{name: value} for value in values]
    return [{**required, **it} for it in queries]


def commonest_and_rarest(root, table, column):
    sql = f"SELECT {column} FROM {table} GROUP BY {column} ORDER BY COUNT(*)"
    values = [value for (value,) in query(root, sql) if value is not None]
    return values[0], values[-1]


def paths_of(endpoint, root, *, sampled):
    """Return the paths of a list: every filter in every order.

    If `sampled`, every filter in one order and every order with one filter.
    """
    names = names_of(endpoint.declared.query, "sort")
    orders = ["", *names, *(f"-{name}" for name in names)]
    queries = filters_of(endpoint, root)
    pairs = list(product(queries, orders))
    if sampled:
        turns = max(len(queries), len(orders))
        pairs = [(queries[n % len(queries)], orders[n % len(orders)]) for n in range(turns)]
    path = endpoint.path.replace("{course_id}", "1").replace("{chapter_id}", "300")
    for given, sort in pairs:
        yield f"{path}?" + urlencode({**given, **({"sort": sort} if sort else {}), "limit": LIMIT})


@pytest.mark.parametrize("endpoint", LISTS, ids=lambda it: it.path)
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(
    "sampled", [True, pytest.param(False, marks=pytest.mark.nightly)], ids=["some", "all"]
)
def test_a_page_reads_a_bounded_number_of_rows(sampled, role, endpoint, read, root):
    if role not in endpoint.declared.roles:
        return
    found = {}
    for path in paths_of(endpoint, root, sampled=sampled):
        page, found[path] = read(path, role)
        if "next" in page:
            _, found[page["next"]] = read(page["next"], role)

    assert {path: rows for path, rows in found.items() if rows > MOST_ROWS_READ} == {}


def test_every_table_has_more_rows_than_that(root):
    for table in TABLES:
        assert query(root, f"SELECT COUNT(*) FROM {table}")[0][0] >= ROWS > 3 * MOST_ROWS_READ


def test_without_an_index_an_order_reads_all_rows(monkeypatch, read):
    monkeypatch.setattr(countries, "SELECT", replace(countries.SELECT, indexes={}))

    _, rows = read("/v1/countries?sort=country&limit=2", "admin")

    assert rows > ROWS


@pytest.mark.parametrize(
    ("path", "tables"),
    [
        ("/v1/students?", 2),  # and address
        ("/v1/students?sort=-last_name&", 2),
        ("/v1/students?campus_id=1&", 2),
        ("/v1/countries?sort=country&", 1),
        ("/v1/attempts?sort=-attempt_date&", 1),
        ("/v1/attempts?assessment_id=1&sort=-attempt_date&", 1),
    ],
)
def test_a_page_that_an_index_serves_reads_its_own_rows_only(path, tables, read):
    read(path, "admin")  # the server opens the tables
    page, rows = read(f"{path}limit=50", "admin")

    assert page["next"]
    assert rows <= tables * (50 + 1) + 1
