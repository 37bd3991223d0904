"""The application under uWSGI: one process, loaded before the fork, with 16 threads."""

import signal

import pytest

from tests.deployment.servers import Uwsgi, ended, lookup, lookups
from tests.support.database import connections_of, query

THREADS = 16


@pytest.fixture(scope="module", params=["adaptive", "per_request"])
def service(request, migrated):
    with ended(Uwsgi(migrated, "--die-on-term", DB_STRATEGY=request.param, THREADS=THREADS)) as it:
        yield it.start()


def test_all_threads_process_requests_at_the_same_time(service, held):
    with held(service, requests=THREADS) as statuses:
        pass

    assert [status.result() for status in statuses] == [200] * THREADS
    assert "Traceback" not in service.log.read_text()


def test_no_request_fails_after_connections_are_killed(service, root, migrated):
    lookups(service, THREADS)
    for victim in connections_of(root, migrated):
        query(root, f"KILL {victim}")

    assert lookups(service, THREADS, each=2) == [200] * THREADS * 2, service.log.read_text()


@pytest.mark.parametrize(
    ("stop_signal", "options"), [(signal.SIGINT, []), (signal.SIGTERM, ["--die-on-term"])]
)
def test_it_stops_cleanly(migrated, stop_signal, options):
    with ended(Uwsgi(migrated, *options).start()) as service:
        assert lookup(service) == 200

        service.process.send_signal(stop_signal)

        assert service.process.wait(20) == 0
        assert "Traceback" not in service.log.read_text()
