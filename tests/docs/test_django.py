"""docs/guides/django.md: what its code sets, and each row of its table, on the real server.

Django is configured once per process, so each case runs in a forked child.
"""

import json
import socket
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from app.db.url import DatabaseUrl
from tests.db.relay import Relay
from tests.docs.test_examples import blocks
from tests.support.database import in_child, kill_all
from tests.support.service import PROJECT

SETTINGS, KEEPALIVE, WORKER = blocks(PROJECT / "docs/guides/django.md", "python")


@pytest.fixture
def url(server):
    return server.create_database()


@pytest.fixture
def kill(server, url):
    """Kill all connections to the database, as a restart would."""

    def kill_them():
        with closing(server.connect(url)) as root:
            kill_all(root, url)
        time.sleep(0.1)

    return kill_them


def in_django(url, work, **settings):
    """Return what `work` returns in a process in which Django is configured as in the guide."""

    def child():
        import django  # noqa: PLC0415
        from django.conf import settings as django_settings  # noqa: PLC0415

        place = DatabaseUrl.parse(url)
        names = {}
        exec(SETTINGS, names)
        names["DATABASES"]["default"] |= {
            **{"HOST": place.host, "PORT": place.port, "NAME": place.name},
            **{"USER": place.user, "PASSWORD": place.password, **settings},
        }
        django_settings.configure(DATABASES=names["DATABASES"], USE_TZ=True)
        django.setup()
        return json.dumps(work())

    return json.loads(in_child(child))


def select():
    """Whether a query works; the table below calls everything else a failure."""
    from django.db import OperationalError, connection  # noqa: PLC0415

    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return cursor.fetchone() == (1,)
    except OperationalError:
        return False


def request(between=None):
    """Two queries in what Django takes for a request; returns whether all worked."""
    from django.core.signals import request_finished, request_started  # noqa: PLC0415

    request_started.send(None)
    first = select()
    if between:
        between()
    second = select()
    request_finished.send(None)
    return first and second


WEB = [
    ({"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": False}, True),
    ({"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": False}, False),
    ({"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}, True),
]


@pytest.mark.parametrize(("settings", "works"), WEB, ids=str)
def test_a_connection_lost_between_requests(settings, works, url, kill):
    def work():
        return [request(), kill(), request(), request()]

    assert in_django(url, work, **settings) == [True, None, works, True]


@pytest.mark.parametrize("settings", [settings for settings, _ in WEB], ids=str)
def test_a_connection_lost_within_a_request_fails_it(settings, url, kill):
    def work():
        return [request(), request(between=kill), request()]

    assert in_django(url, work, **settings) == [True, False, True]


@pytest.mark.parametrize("settings", [settings for settings, _ in WEB], ids=str)
def test_outside_a_request_a_lost_connection_fails_until_it_is_closed(settings, url, kill):
    def work():
        return [select(), kill(), select(), select()]

    assert in_django(url, work, **settings) == [True, None, False, False]


def test_the_guides_wrapper_for_jobs_replaces_a_lost_connection(url, kill):
    def work():
        names = {}
        exec(WORKER, names)
        return [names["run"](select), kill(), names["run"](select)]

    assert in_django(url, work) == [True, None, True]


def socket_options():
    from django.db import connection  # noqa: PLC0415

    connection.ensure_connection()
    with socket.socket(fileno=connection.connection.fileno()) as raw:
        found = [
            raw.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
            raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
            raw.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
        ]
        raw.detach()
    return found


def listen_as_the_guide_says(monkeypatch):
    import app.db.transport  # noqa: PLC0415

    names = {}
    monkeypatch.setitem(sys.modules, "mysql_keepalive", app.db)
    monkeypatch.setitem(sys.modules, "mysql_keepalive.transport", app.db.transport)
    exec(KEEPALIVE, names)
    return names


def test_mysqlclient_uses_the_kernels_keepalive_times(url):
    kernels = int(Path("/proc/sys/net/ipv4/tcp_keepalive_time").read_text())

    assert in_django(url, socket_options) == [1, kernels, 0]


def test_the_guides_receiver_sets_shorter_times(url, monkeypatch):
    def work():
        names = listen_as_the_guide_says(monkeypatch)
        return [*socket_options(), len(names) > 0]

    assert in_django(url, work) == [1, 30, 2000, True]


def test_the_guides_receiver_limits_the_ping_on_a_dropped_connection(server, url, monkeypatch):
    def work(relay):
        names = listen_as_the_guide_says(monkeypatch)
        works = [request()]
        relay.drop()
        started = time.monotonic()
        works.append(request())
        return [*works, 1.5 < time.monotonic() - started < 10, len(names) > 0]

    # The relay is a thread, so it has to start in the child.
    def with_relay():
        from django.db import connection  # noqa: PLC0415

        with Relay(server.port) as relay:
            connection.settings_dict["PORT"] = relay.port
            return work(relay)

    assert in_django(url, with_relay) == [True, True, True, True]
