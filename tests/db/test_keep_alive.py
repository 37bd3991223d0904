"""`keep_alive(engine)`: SQLAlchemy's own pool survives what it fails at without."""

import gc
import signal
import socket
import time
from abc import ABC, abstractmethod
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from sqlalchemy import NullPool, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.orm import Session

from app.db import ConfigError
from app.db.sqlalchemy import keep_alive
from tests.db.relay import through
from tests.db.test_concurrency import settles
from tests.db.test_sockets import QUIT
from tests.support.counting import changes, statements
from tests.support.database import connections_of, in_child, kill_all, query

DRIVERS = {"pymysql": "mysql+pymysql", "mysqlclient": "mysql+mysqldb"}
PING_AFTER_SECONDS = 0.2
# Retired after a second; keepalive has to be shorter than such a limit.
PROXY = {"proxy_idle_limit_seconds": 2, "keepalive_seconds": 1}
READ_TIMEOUT_SECONDS = 6  # without it the negative control would hang for a quarter of an hour


@pytest.fixture(params=DRIVERS)
def driver(request):
    return request.param


@contextmanager
def plain_engine(url, driver, *, read_timeout=READ_TIMEOUT_SECONDS, **options):
    """An engine as SQLAlchemy's documentation shows it, with one connection."""
    settings = {"pool_size": 1, "max_overflow": 0, **options}
    if settings.get("poolclass") is NullPool:
        settings = options
    arguments = {"connect_timeout": 5}
    if read_timeout is not None:
        arguments["read_timeout"] = read_timeout
    if driver == "pymysql":
        arguments["ssl_disabled"] = True  # otherwise it builds a TLS context each time
    engine = create_engine(
        make_url(url).set(drivername=DRIVERS[driver]), connect_args=arguments, **settings
    )
    try:
        yield engine
    finally:
        engine.dispose()


@contextmanager
def kept_engine(url, driver, *, engine_options=None, **options):
    with plain_engine(url, driver, **(engine_options or {})) as engine:
        yield keep_alive(engine, **options)


def session_id(engine):
    with engine.connect() as connection:
        return connection.scalar(text("SELECT CONNECTION_ID()"))


class Fault(ABC):
    """One way in which an idle connection ends; `url` is the database that it can happen to."""

    def __init__(self, root, url, relay):
        self.root, self.relay = root, relay
        self.database_url = self.url = url

    @abstractmethod
    def cause(self, engine):
        """Return when it has happened."""

    def is_disconnected(self):
        return not connections_of(self.root, self.database_url)


class IdlePastWaitTimeout(Fault):
    def cause(self, engine):
        with engine.connect() as connection:
            connection.execute(text("SET SESSION wait_timeout = 1"))
        assert settles(self.is_disconnected, seconds=5)


class Kill(Fault):
    def cause(self, engine):
        kill_all(self.root, self.database_url)


class RelayedFault(Fault):
    def __init__(self, root, url, relay):
        super().__init__(root, url, relay)
        self.url = through(relay, url)


class Reset(RelayedFault):
    def cause(self, engine):
        self.relay.reset()


class DroppedByNAT(RelayedFault):
    """The next packet is answered with a RST."""

    def cause(self, engine):
        self.relay.forget()
        time.sleep(PING_AFTER_SECONDS)


class DroppedByFirewall(RelayedFault):
    """The next packet is never answered."""

    def cause(self, engine):
        self.relay.drop()
        time.sleep(PING_AFTER_SECONDS)


@pytest.fixture(
    params=[IdlePastWaitTimeout, Kill, Reset, DroppedByNAT, DroppedByFirewall],
    ids=lambda kind: kind.__name__,
)
def fault(request, root, url, relay):
    return request.param(root, url, relay)


def test_an_idle_connection_that_ended_is_replaced_unseen(fault, driver):
    with kept_engine(fault.url, driver, ping_after_idle_seconds=PING_AFTER_SECONDS) as engine:
        before = session_id(engine)
        fault.cause(engine)

        started = time.monotonic()
        assert session_id(engine) != before
        assert time.monotonic() - started < READ_TIMEOUT_SECONDS - 1


def test_without_keep_alive_the_same_engine_fails_or_hangs(fault, driver):
    with plain_engine(fault.url, driver) as engine:
        session_id(engine)
        fault.cause(engine)

        started = time.monotonic()
        with pytest.raises(OperationalError):
            session_id(engine)
        is_hang = time.monotonic() - started > READ_TIMEOUT_SECONDS - 0.5

        assert is_hang == isinstance(fault, DroppedByFirewall)


def test_a_connection_dropped_shortly_after_its_use_fails_within_the_user_timeout(
    driver, url, relay
):
    with kept_engine(through(relay, url), driver, tcp_user_timeout_seconds=1) as engine:
        session_id(engine)
        relay.drop()

        started = time.monotonic()
        with pytest.raises(OperationalError) as caught:
            session_id(engine)

        assert 0.9 < time.monotonic() - started < READ_TIMEOUT_SECONDS - 1
        assert caught.value.connection_invalidated
        assert isinstance(session_id(engine), int)


def test_a_checkout_sends_nothing(server, url, driver):
    work = text("SELECT 1")

    def use(engine):
        for _ in range(10):
            with engine.connect() as connection:
                connection.execute(work)

    with plain_engine(url, driver) as engine:
        use(engine)
        without = statements(server, lambda: use(engine))
    with kept_engine(url, driver) as engine:
        use(engine)
        kept = statements(server, lambda: use(engine))

    assert kept == without


@pytest.mark.parametrize("idle_seconds", [0.0, 0.3])
def test_only_a_connection_that_was_idle_for_long_is_pinged(idle_seconds, server, url, driver):
    with kept_engine(url, driver, ping_after_idle_seconds=PING_AFTER_SECONDS) as engine:
        before = session_id(engine)
        time.sleep(idle_seconds)
        pings = "Com_admin_commands"  # MariaDB and MySQL count pings here
        counted = changes(server, lambda: session_id(engine), pings)[pings]

        assert counted == (1 if idle_seconds else 0)
        assert session_id(engine) == before


def test_a_connection_is_replaced_before_the_server_closes_it(url, driver, relay):
    with kept_engine(through(relay, url), driver, **PROXY) as engine:
        before = session_id(engine)
        time.sleep(1.2)

        assert session_id(engine) != before
        assert settles(lambda: relay.connections[0].closed_by_client)
        assert relay.connections[0].closed_by_client == "fin"
        assert relay.connections[0].received.endswith(QUIT)


def test_the_limit_is_the_servers_own_wait_timeout(url, driver, relay):
    with plain_engine(through(relay, url), driver) as engine:
        event.listen(engine, "connect", lambda connection, _: shorten(connection))
        keep_alive(engine)
        before = session_id(engine)
        time.sleep(1.2)  # the server would wait for two

        assert session_id(engine) != before


def shorten(connection):
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION wait_timeout = 2")


AUTOCOMMIT = {"isolation_level": "AUTOCOMMIT"}


def insert_into_a_dropped_connection(engine, relay):
    """Return when the network works again."""
    session_id(engine)
    relay.drop()
    with pytest.raises(OperationalError), engine.begin() as connection:
        connection.execute(text("INSERT INTO word (word) VALUES ('late')"))
    relay.stop_dropping()


def test_a_statement_that_timed_out_is_never_delivered_later(url, root, driver, relay):
    with kept_engine(
        through(relay, url), driver, engine_options=AUTOCOMMIT, tcp_user_timeout_seconds=30
    ) as engine:
        insert_into_a_dropped_connection(engine, relay)

        assert settles(lambda: relay.connections[0].closed_by_client)
    assert query(root, "SELECT word FROM word") == ()


def test_without_keep_alive_a_statement_that_timed_out_is_delivered_later(url, root, relay):
    with plain_engine(through(relay, url), "pymysql", **AUTOCOMMIT) as engine:
        insert_into_a_dropped_connection(engine, relay)

    assert settles(lambda: query(root, "SELECT word FROM word") == (("late",),))


def test_a_connection_that_failed_is_reset_without_com_quit(url, driver, relay):
    with kept_engine(through(relay, url), driver) as engine:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            connection.invalidate()

        assert settles(lambda: relay.connections[0].closed_by_client)
        assert relay.connections[0].closed_by_client == "reset"
        assert not relay.connections[0].received.endswith(QUIT)


def test_a_pool_that_is_disposed_of_closes_its_connections_in_order(url, driver, relay):
    with kept_engine(through(relay, url), driver) as engine:
        session_id(engine)
        engine.dispose()

        assert settles(lambda: relay.connections[0].closed_by_client)
        assert relay.connections[0].closed_by_client == "fin"
        assert relay.connections[0].received.endswith(QUIT)


def test_a_transaction_that_loses_its_connection_fails_as_a_whole(url, root, driver):
    with kept_engine(url, driver) as engine:
        with pytest.raises(OperationalError) as caught, Session(engine) as session:
            session.execute(text("INSERT INTO word (word) VALUES ('first half')"))
            kill_all(root, url)
            session.execute(text("INSERT INTO word (word) VALUES ('second half')"))
            session.commit()

        assert caught.value.connection_invalidated
        assert isinstance(session_id(engine), int)
    assert query(root, "SELECT word FROM word") == ()


@pytest.mark.parametrize("code", [1053, 1927, 2006, 2013, 2014, 3169, 4031])
def test_an_error_that_is_fatal_to_the_connection_removes_it_from_the_pool(code, url, driver):
    with kept_engine(url, driver) as engine:
        before = session_id(engine)
        with pytest.raises(DBAPIError) as caught, engine.connect() as connection:
            connection.execute(text(f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {code}"))

        assert caught.value.connection_invalidated
        assert session_id(engine) != before


@pytest.mark.parametrize(
    ("code", "is_alone"),
    [
        *((code, True) for code in (1105, 1153, 1927, 3169, 9001)),
        *((code, False) for code in (1053, 1836, 2013)),
    ],
)
def test_the_other_connections_are_replaced_only_if_they_may_be_affected(
    code, is_alone, url, driver
):
    with kept_engine(url, driver, engine_options={"pool_size": 2}) as engine:
        with engine.connect() as first, engine.connect() as second:
            before = second.scalar(text("SELECT CONNECTION_ID()"))
            with pytest.raises(DBAPIError):
                first.execute(text(f"SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = {code}"))

        with engine.connect() as third, engine.connect() as fourth:
            after = {one.scalar(text("SELECT CONNECTION_ID()")) for one in (third, fourth)}
        assert (before in after) == is_alone


@pytest.mark.parametrize("sql", ["SELECT nothing", "SIGNAL SQLSTATE '45000'", "SELECT '%s' %s"])
def test_an_error_of_the_statement_leaves_the_connection_in_the_pool(sql, url, driver):
    with kept_engine(url, driver) as engine:
        before = session_id(engine)
        with pytest.raises(DBAPIError), engine.connect() as connection:
            connection.exec_driver_sql(sql)

        assert session_id(engine) == before


def test_a_child_has_connections_of_its_own_and_its_parent_keeps_its_own(url, driver):
    with kept_engine(url, driver) as engine:
        before = session_id(engine)

        childs = in_child(lambda: session_id(engine))
        in_child(engine.dispose)
        in_child(gc.collect)  # a finalizer of mysqlclient's sends COM_QUIT

        assert childs.isdigit()
        assert int(childs) != before
        assert session_id(engine) == before


def test_a_fork_that_python_was_not_told_of_is_noticed_at_the_next_checkout(
    url, driver, monkeypatch
):
    with kept_engine(url, driver) as engine:
        before = session_id(engine)
        monkeypatch.setattr("app.db.fork_safety._registered", set())
        childs = in_child(lambda: f"{session_id(engine)}")

        assert childs.isdigit()
        assert int(childs) != before
        assert session_id(engine) == before


def test_a_child_does_not_wait_for_a_lock_that_was_held_at_the_fork(url, driver):
    def work():
        signal.alarm(5)  # instead of for ever
        return session_id(engine)

    with kept_engine(url, driver) as engine:
        session_id(engine)
        with held_by_another_thread(engine.pool._pool.mutex):
            childs = in_child(work)

        assert childs.isdigit()


@contextmanager
def held_by_another_thread(lock):
    is_held, is_over = Event(), Event()

    def hold():
        with lock:
            is_held.set()
            is_over.wait()

    thread = Thread(target=hold)
    thread.start()
    is_held.wait()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def test_without_keep_alive_a_child_uses_its_parents_connection(url, driver):
    with plain_engine(url, driver) as engine:
        before = session_id(engine)

        assert int(in_child(lambda: session_id(engine))) == before


@pytest.mark.parametrize("pool", [{"pool_use_lifo": True}, {"poolclass": NullPool}])
def test_it_works_with_other_pools(pool, url, root, driver):
    with kept_engine(url, driver, engine_options=pool) as engine:
        for _ in range(3):
            assert isinstance(session_id(engine), int)
            kill_all(root, url)
            assert settles(lambda: not connections_of(root, url))


def test_a_connection_opened_before_the_call_is_replaced(url, driver):
    with plain_engine(url, driver) as engine:
        before = session_id(engine)
        keep_alive(engine)
        after = session_id(engine)

        assert after != before
        assert session_id(engine) == after


def test_it_survives_a_default_timeout_for_sockets(url, driver):
    """An application may have called `socket.setdefaulttimeout`."""
    socket.setdefaulttimeout(5)
    try:
        with (
            kept_engine(url, driver, engine_options={"read_timeout": None}) as engine,
            engine.connect() as connection,
        ):
            assert connection.scalar(text("SELECT SLEEP(0.3)")) == 0
    finally:
        socket.setdefaulttimeout(None)


def test_a_second_call_changes_nothing(server, url, driver):
    with kept_engine(url, driver) as engine:
        assert keep_alive(engine) is engine
        keep_alive(engine.execution_options(isolation_level="AUTOCOMMIT"))
        engine.dispose()
        session_id(engine)
        engine.dispose()

        # One of them: SELECT @@wait_timeout.
        once = statements(server, lambda: session_id(engine))
    with kept_engine(url, driver) as engine:
        session_id(engine)
        engine.dispose()
        assert statements(server, lambda: session_id(engine)) == once


def test_another_database_is_rejected():
    with pytest.raises(TypeError, match=r"mysql\+pymysql and mysql\+mysqldb, not sqlite"):
        keep_alive(create_engine("sqlite://"))


def test_anything_but_an_engine_is_rejected():
    with pytest.raises(TypeError, match=r"keep_alive\(db.engine\)"):
        keep_alive("mysql+pymysql://app@127.0.0.1/students")


def test_an_option_outside_its_limits_is_rejected(url):
    with (
        plain_engine(url, "pymysql") as engine,
        pytest.raises(ConfigError, match="keepalive_seconds=0: use 1 to 7200"),
    ):
        keep_alive(engine, keepalive_seconds=0)
