"""docs/schema.svg and docs/schema.md show the schema that the migrations create."""

from contextlib import closing

import pytest

from dev.schema_picture import arrange, page, picture, read_tables, route
from tests.support.service import PROJECT


@pytest.fixture(scope="module")
def tables(server, migrated):
    with closing(server.connect(migrated)) as connection, connection.cursor() as cursor:
        return read_tables(cursor)


def test_the_picture_is_current(tables):
    assert (PROJECT / "docs/schema.svg").read_text() == picture(tables), "run make schema-picture"


def test_the_page_is_current(tables):
    assert (PROJECT / "docs/schema.md").read_text() == page(tables), "run make schema-picture"


def test_the_picture_does_not_depend_on_what_was_drawn_before(tables):
    assert picture(tables) == picture(tables)


def test_no_two_boxes_overlap(tables):
    picture(tables)  # places them

    for one in tables:
        for other in tables:
            assert one is other or (
                one.x + one.width < other.x
                or other.x + other.width < one.x
                or one.y + one.height < other.y
                or other.y + other.height < one.y
            ), (one.name, other.name)


def test_no_foreign_key_passes_through_a_box_of_a_row_between(tables):
    rows = arrange(tables)

    for line in route(rows):
        for row, x in enumerate(line.xs[1:-1], line.parent.row + 1):
            assert all(not box.x <= x <= box.x + box.width for box in rows[row])
