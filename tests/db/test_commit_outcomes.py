"""What an error of COMMIT says: nothing was stored, or unknown."""

from contextlib import closing

import pymysql
import pytest

from app.db.errors import ReadOnlyServer, commit_outcome_of, outcome_of
from tests.support.database import add, opened, query, words
from tests.support.server import start_server

# Disk full, during COMMIT, engine error, killed statement, Galera, proxies, and any other.
UNKNOWN = [1021, 1180, 1030, 1317, 1047, 3100, 1105, 9001, 9501, 1062, 64999, 2013, 1053, 1927]


def error(*arguments):
    return pymysql.err.OperationalError(*arguments)


@pytest.mark.parametrize("code", [1213, 1205, 3101, 1290, 1792, 1836])
def test_after_six_errors_the_commit_was_rolled_back(code):
    assert commit_outcome_of(error(code, "")) == "rejected"


@pytest.mark.parametrize("code", UNKNOWN)
def test_after_any_other_error_the_outcome_of_a_commit_is_unknown(code):
    assert commit_outcome_of(error(code, "")) == "unknown"


@pytest.mark.parametrize("code", [0, 2006, 4031])
def test_a_commit_that_was_not_sent_was_not_executed(code):
    assert commit_outcome_of(error(code, "")) == "not_executed"


@pytest.mark.parametrize("arguments", [(), ("Packet sequence number wrong - got 2 expected 1",)])
def test_after_an_error_without_a_number_the_outcome_is_unknown(arguments):
    assert commit_outcome_of(error(*arguments)) == "unknown"
    assert outcome_of(error(*arguments)) == "unknown"


@pytest.fixture
def demoted():
    """A server that may become read-only, and its URL."""
    with start_server() as running:
        url = running.create_database()
        with closing(running.connect(url)) as root:
            query(root, "CREATE TABLE word (word_id INT AUTO_INCREMENT PRIMARY KEY, word CHAR(20))")
            yield url, root


@pytest.mark.parametrize("driver", ["pymysql", "mysqlclient"])
def test_a_commit_on_a_server_that_became_read_only_was_rolled_back(driver, demoted):
    url, root = demoted
    with opened(url, db_driver=driver) as db:
        with pytest.raises(ReadOnlyServer) as caught, db.transaction() as tx:
            add(tx, "not committed")
            query(root, "SET GLOBAL read_only = 1")

        assert caught.value.code == 1290
        assert commit_outcome_of(caught.value.__cause__) == "rejected"
        assert words(root) == []
