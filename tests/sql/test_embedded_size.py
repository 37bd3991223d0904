"""No response is truncated: all that is concatenated fits into `group_concat_max_len`."""

from pathlib import Path
from typing import get_args

import pytest

import app
from app.resources.chapters import queries as chapters
from app.resources.courses import queries as courses
from app.resources.enrollments import queries as enrollments
from app.resources.staff import queries as staff
from app.sql.json_columns import without_none
from app.sql.select import MAX_EMBEDDED, ToMany
from tests.support.database import query

LISTS = [
    (it.SELECT.model, name, embed.table)
    for it in (chapters, courses, enrollments, staff)
    for name, embed in it.SELECT.embeds.items()
    if isinstance(embed, ToMany)
]
GROUP_CONCAT_MAX_LEN = 1_048_576  # app.db.drivers.session
# Of a number, a time, or the name of a member with its punctuation.
MEMBER_BYTES = 60


@pytest.mark.parametrize(("model", "name", "table"), LISTS)
def test_the_longest_items_are_not_truncated(model, name, table, dba):
    (item,) = get_args(without_none(model.model_fields[name].annotation))
    # JSON needs at most 6 bytes for a character; the octet length has 4 for each.
    sql = """
        SELECT column_name, COALESCE(character_octet_length, 0) * 2
        FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = %s
    """
    longest = dict(query(dba, sql, (table,)))

    size = sum(int(longest[column]) + 2 * MEMBER_BYTES for column in item.model_fields)

    assert MAX_EMBEDDED * size < GROUP_CONCAT_MAX_LEN


def test_only_embedded_lists_are_concatenated_by_the_server():
    folder = Path(app.__file__).parent
    calls = ("GROUP_CONCAT(", "JSON_ARRAYAGG(", "JSON_OBJECTAGG(")

    found = {
        str(file.relative_to(folder))
        for file in folder.rglob("*.py")
        if any(call in file.read_text().upper() for call in calls)
    }

    # The query of the session concatenates the name and the address of a cluster node.
    assert found == {"sql/json_columns.py", "db/strategies/adaptive/session.py"}
