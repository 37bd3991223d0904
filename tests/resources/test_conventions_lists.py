"""Conventions for every list: pages, sort orders, filters, search, fields and embeds."""

from functools import partial

import pytest
from itsdangerous import URLSafeSerializer

from tests.support.catalog import resources
from tests.support.counting import rows_read, statements
from tests.support.database import query
from tests.support.service import SECRET

RESOURCES = list(resources())
EVERY_LIST = pytest.mark.parametrize("resource", RESOURCES, ids=lambda it: it.list.path)


def orders_of(resource):
    """The default order, and each column in both directions."""
    names = resource.sorts
    return ["", *names, *[f"-{name}" for name in names]]


EVERY_ORDER = pytest.mark.parametrize(
    ("resource", "sort"),
    [(resource, sort) for resource in RESOURCES for sort in orders_of(resource)],
    ids=lambda it: it if isinstance(it, str) else it.list.path,
)


@pytest.fixture
def get(client, as_role):
    """A function that sends a GET as the administrator and checks the status."""

    def read(path, status=200, **headers):
        response = client.get(path, headers=as_role("admin") | headers)
        assert response.status_code == status, response.text
        return response

    return read


@pytest.fixture
def path(resource, dba):
    return resource.list_path(dba)


def pages(get, path):
    while path:
        page = get(path).json
        yield path, page["items"]
        path = page.get("next")


def text_of(value):
    """Return a value as in a query string."""
    return str(value).lower() if isinstance(value, bool) else value


def keys_in_order(dba, resource, path, sort):
    """Return the keys in the order of a plain ORDER BY."""
    where = "".join(f" WHERE {name} = {path.split('/')[3]}" for name in resource.parents)
    direction = " DESC" * sort.startswith("-")
    by = [f"{column}{direction}" for column in (sort.removeprefix("-"), resource.key) if column]
    table, key = resource.table, resource.key
    rows = query(dba, f"SELECT {key} FROM {table}{where} ORDER BY {', '.join(by)}")
    return [row[0] for row in rows]


@EVERY_ORDER
def test_the_pages_contain_every_row_once_in_order(resource, sort, path, get, dba):
    by = f"&sort={sort}" if sort else ""
    expected = keys_in_order(dba, resource, path, sort)

    all_pages = pages(get, f"{path}?limit={resource.most}{by}")
    found = [item[resource.key] for _, items in all_pages for item in items]
    first_pages = pages(get, f"{path}?limit=3{by}")
    small = [
        item[resource.key]
        for _, (_, items) in zip(range(20), first_pages, strict=False)
        for item in items
    ]

    assert found == expected
    assert small == expected[: len(small)]
    assert len(small) == min(60, len(expected))


@EVERY_ORDER
def test_the_last_page_costs_no_more_than_the_first(resource, sort, path, get, server):
    by = f"&sort={sort}" if sort else ""
    for limit in (resource.most, min(20, resource.most)):  # smaller pages if the list is short
        all_pages = pages(get, f"{path}?limit={limit}{by}")
        full = [page for page, items in all_pages if len(items) == limit]
        if len(full) > 1:
            break
    full = full or [path]

    first = rows_read(server, lambda: get(full[0]))
    last = rows_read(server, lambda: get(full[-1]))

    assert last <= first * 1.5 + 10


@EVERY_LIST
def test_a_filter_returns_exactly_the_matching_rows(resource, path, get):
    all_pages = pages(get, f"{path}?limit={resource.most}")
    everything = [item for _, items in all_pages for item in items]
    columns = [name for name in resource.filters if name in resource.fields]

    for name in columns:
        value = everything[len(everything) // 2][name]
        responses = pages(get, f"{path}?limit={resource.most}&{name}={text_of(value)}")
        found = [item for _, items in responses for item in items]

        assert found == [item for item in everything if item[name] == value], name


@pytest.mark.parametrize(
    "resource", [it for it in RESOURCES if it.is_searchable], ids=lambda it: it.list.path
)
def test_a_search_finds_a_row_by_part_of_its_text(resource, path, get):
    item = get(f"{path}?limit=1").json["items"][0]
    texts = [value for value in item.values() if isinstance(value, str) and value[:1].isalnum()]

    words = [text.split()[0][:5] for text in texts]
    found = [get(f"{path}?limit={resource.most}&q={word}").json["items"] for word in words]

    assert any(item in items for items in found)
    assert get(f"{path}?q=qqxxzz").json["items"] == []


@EVERY_LIST
def test_items_contain_only_the_requested_fields_and_the_key(resource, path, get):
    whole = get(f"{path}?limit=2").json["items"]

    for name in resource.fields:
        shown = get(f"{path}?limit=2&fields={name}").json["items"]
        expected = {resource.key, name}
        assert shown == [{key: item[key] for key in item if key in expected} for item in whole]


@EVERY_LIST
def test_embedded_resources_are_read_in_the_same_statement(resource, path, get, server):
    get(path)
    for embed in ["", *resource.embeds, ",".join(resource.embeds)]:
        parameter = f"&embed={embed}" if embed else ""
        page = f"{path}?limit={resource.most}{parameter}"
        items = get(page).json["items"]

        expected = {name for name in embed.split(",") if name}
        links = {f"all_{name}" for name in expected} & resource.model.model_fields.keys()
        assert statements(server, partial(get, page)) == 1
        assert all(expected | links == item.keys() - set(resource.fields) for item in items)
        assert all(any(item[name] for item in items) for name in expected)


@EVERY_LIST
def test_an_embedded_list_has_a_link_to_all_of_its_items(resource, path, get):
    for embed in resource.embeds:
        item = next(it for it in get(f"{path}?limit=100&embed={embed}").json["items"] if it[embed])
        if isinstance(item[embed], list):
            key = next(iter(item[embed][0]))
            all_of_them = get(f"{item[f'all_{embed}']}&limit=100").json["items"]
            assert {it[key] for it in all_of_them} == {it[key] for it in item[embed]}


@pytest.mark.parametrize("role", ["admin", "staff", "student"])
def test_a_caller_gets_only_links_that_they_may_follow(role, client, as_role, dba):
    headers, links = as_role(role), {}
    for resource in RESOURCES:
        embed = ",".join(resource.embeds)
        for path in (f"{resource.list_path(dba)}?limit=1&embed={embed}",) if embed else ():
            page = client.get(path, headers=headers).json  # a problem if the role has no access
            for item in page.get("items", []):
                links |= {name: item[name] for name in item if name.startswith("all_")}

    assert {client.get(url, headers=headers).status_code for url in links.values()} == {200}
    assert ("all_staff" in links) == (role != "student")


@EVERY_LIST
@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ("colour=red", "colour"),
        ("limit=5&limit=6", "limit"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=1_0", "limit"),
        ("sort=nothing", "sort"),
        ("sort=-", "sort"),
        ("fields=nothing", "fields"),
        ("embed=nothing", "embed"),
        ("cursor=forged", "cursor"),
    ],
)
def test_an_invalid_parameter_is_rejected_by_name(resource, wrong, name, path, get):
    problem = get(f"{path}?{wrong}", status=400).json

    assert [error["parameter"] for error in problem["errors"]] == [name]


@EVERY_LIST
def test_a_cursor_is_valid_only_for_its_list_filters_and_order(resource, path, get):
    page = get(f"{path}?limit=1").json
    other_list = "/v1/countries" if path != "/v1/countries" else "/v1/cities"
    cursor = page["next"].split("cursor=")[1]
    (item,) = page["items"]
    filters = [name for name in resource.filters if name in item]
    invalid = [
        f"{other_list}?cursor={cursor}",
        f"{path}?cursor={cursor[1:]}",
        *[f"{path}?cursor={cursor}&{name}={text_of(item[name])}" for name in filters],
        *[f"{path}?cursor={cursor}&sort=-{name}" for name in resource.sorts[:1]],
    ]

    for url in invalid:
        problem = get(url, status=400).json
        assert [error["parameter"] for error in problem["errors"]] == ["cursor"]


@pytest.mark.parametrize(
    ("secret", "path", "status"),
    [
        (SECRET, "/v1/countries", 200),
        (SECRET, "/v1/cities", 400),
        ("the secret key of another service, long enough", "/v1/countries", 400),
    ],
)
def test_a_cursor_must_be_signed_with_the_secret_key_for_its_list(secret, path, status, get):
    cursor = URLSafeSerializer(secret, salt="page cursor").dumps([[path, [], []], [1]])

    get(f"/v1/countries?cursor={cursor}", status)
