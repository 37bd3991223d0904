"""What holds for every list: pages, order, filters, search, and what each row shows."""

from functools import partial

import pytest

from tests.support.catalog import resources
from tests.support.counting import rows_read, statements
from tests.support.database import query

RESOURCES = list(resources())
EVERY_LIST = pytest.mark.parametrize("resource", RESOURCES, ids=lambda it: it.list.path)


def orders_of(resource):
    """No order, each column both ways, and two columns of opposite ways."""
    names = resource.sorts
    mixed = [f"{names[0]},-{names[1]}", f"-{names[1]},{names[0]}"] if len(names) > 1 else []
    return ["", *names, *[f"-{name}" for name in names], *mixed]


EVERY_ORDER = pytest.mark.parametrize(
    ("resource", "sort"),
    [(resource, sort) for resource in RESOURCES for sort in orders_of(resource)],
    ids=lambda it: it if isinstance(it, str) else it.list.path,
)


@pytest.fixture
def get(client, as_role):
    """Read as the administrator; a failure is shown with its problem."""

    def read(path, status=200, **headers):
        answer = client.get(path, headers=as_role("admin") | headers)
        assert answer.status_code == status, answer.text
        return answer

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
    """A value as a query has it."""
    return str(value).lower() if isinstance(value, bool) else value


def keys_in_order(dba, resource, path, sort):
    """The keys in the order that the server gives them to a plain ORDER BY."""
    where = "".join(f" WHERE {name} = {path.split('/')[3]}" for name in resource.parents)
    parts = [part for part in sort.split(",") if part]
    by = [f"{part.removeprefix('-')}{' DESC' * part.startswith('-')}" for part in parts]
    by.append(f"{resource.key}{' DESC' * (sort.split(',')[-1].startswith('-'))}")
    table, key = resource.table, resource.key
    rows = query(dba, f"SELECT {key} FROM {table}{where} ORDER BY {', '.join(by)}")
    return [row[0] for row in rows]


@EVERY_ORDER
def test_the_pages_show_every_row_once_and_in_order(resource, sort, path, get, dba):
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
        whole = [place for place, items in all_pages if len(items) == limit]
        if len(whole) > 1:
            break
    whole = whole or [path]

    first = rows_read(server, lambda: get(whole[0]))
    last = rows_read(server, lambda: get(whole[-1]))

    assert last <= first * 1.5 + 10


@EVERY_LIST
def test_a_filter_holds_for_every_row_and_leaves_none_out(resource, path, get):
    all_pages = pages(get, f"{path}?limit={resource.most}")
    everything = [item for _, items in all_pages for item in items]
    columns = [name for name in resource.filters if name in resource.fields]

    for name in columns:
        value = everything[len(everything) // 2][name]
        answers = pages(get, f"{path}?limit={resource.most}&{name}={text_of(value)}")
        found = [item for _, items in answers for item in items]

        assert found == [item for item in everything if item[name] == value], name


@pytest.mark.parametrize(
    "resource", [it for it in RESOURCES if it.is_searchable], ids=lambda it: it.list.path
)
def test_a_search_finds_a_row_by_a_part_of_it(resource, path, get):
    item = get(f"{path}?limit=1").json["items"][0]
    texts = [value for value in item.values() if isinstance(value, str) and value[:1].isalnum()]

    words = [text.split()[0][:5] for text in texts]
    found = [get(f"{path}?limit={resource.most}&q={word}").json["items"] for word in words]

    assert any(item in items for items in found)
    assert get(f"{path}?q=qqxxzz").json["items"] == []


@EVERY_LIST
def test_only_the_fields_that_are_asked_for_are_shown_and_the_key(resource, path, get):
    whole = get(f"{path}?limit=2").json["items"]

    for name in resource.fields:
        shown = get(f"{path}?limit=2&fields={name}").json["items"]
        wanted = {resource.key, name}
        assert shown == [{key: item[key] for key in item if key in wanted} for item in whole]


@EVERY_LIST
def test_relatives_come_with_the_same_statement(resource, path, get, server):
    get(path)
    for embed in ["", *resource.embeds, ",".join(resource.embeds)]:
        asked = f"&embed={embed}" if embed else ""
        page = f"{path}?limit={resource.most}{asked}"
        items = get(page).json["items"]

        wanted = {name for name in embed.split(",") if name}
        assert statements(server, partial(get, page)) == 1
        assert all(wanted == item.keys() - set(resource.fields) for item in items)
        assert all(any(item[name] for item in items) for name in wanted)


@EVERY_LIST
@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ("colour=red", "colour"),
        ("limit=5&limit=6", "limit"),
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=1_0", "limit"),
        ("limit=", "limit"),
        ("sort=nothing", "sort"),
        ("fields=nothing", "fields"),
        ("fields=", "fields"),
        ("embed=nothing", "embed"),
        ("cursor=forged", "cursor"),
        ("cursor=", "cursor"),
    ],
)
def test_a_parameter_that_cannot_be_used_is_named(resource, wrong, name, path, get):
    problem = get(f"{path}?{wrong}", status=400).json

    assert [error["parameter"] for error in problem["errors"]] == [name]


@EVERY_LIST
def test_a_cursor_fits_its_own_list_and_order_only(resource, path, get):
    page = get(f"{path}?limit=1").json
    other_list = "/v1/countries" if path != "/v1/countries" else "/v1/cities"
    cursor = page["next"].split("cursor=")[1]
    (item,) = page["items"]
    filters = [name for name in resource.filters if name in item]
    strange = [
        f"{other_list}?cursor={cursor}",
        f"{path}?cursor={cursor[1:]}",
        *[f"{path}?cursor={cursor}&{name}={text_of(item[name])}" for name in filters],
        *[f"{path}?cursor={cursor}&sort=-{name}" for name in resource.sorts[:1]],
    ]

    for wrong in strange:
        problem = get(wrong, status=400).json
        assert [error["parameter"] for error in problem["errors"]] == ["cursor"]
