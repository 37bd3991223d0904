"""The table of the commit tokens is the one that `app.db` describes."""

from contextlib import closing

from app.db import commit_tokens
from tests.support.database import query

COLUMNS = "SHOW COLUMNS FROM commit_token"
KEYS = """
    SELECT index_name, seq_in_index, column_name, non_unique FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND table_name = 'commit_token' ORDER BY 1, 2
"""


def test_the_migration_creates_the_table_that_the_package_needs(server, database):
    with closing(server.connect(server.owner_url(server.create_database()))) as other:
        query(other, commit_tokens.DDL)
        for sql in (COLUMNS, KEYS):
            database.execute(sql)
            assert database.fetchall() == query(other, sql)
