"""A request, five idle seconds, a burst on all threads: through gunicorn, with each strategy."""

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager

import pytest

from app.db.strategies import STRATEGIES
from tests.support.database import query
from tests.support.service import Service

OWN = "tests.support.own_strategy:Stack"
LIMIT_SECONDS = 2
IDLE_SECONDS = 5
THREADS = 4
LOOKUP = "/?city=London"


@contextmanager
def patient(server):
    """Let a service start: where it knows that its connections will go stale, it refuses to."""
    set_limit(server, "DEFAULT")
    try:
        yield
    finally:
        set_limit(server, LIMIT_SECONDS)


def set_limit(server, seconds):
    with closing(server.connect()) as root:
        query(root, f"SET GLOBAL wait_timeout = {seconds}")


@pytest.fixture(scope="module")
def nights(night_server, night_url):
    """For each strategy what the service answered in the morning, and its log."""
    with ExitStack() as stack:

        def start(strategy):
            service = Service(night_url, DB_STRATEGY=strategy, WEB_CONCURRENCY=2, THREADS=THREADS)
            stack.callback(service.stop)
            return service.start()

        names = [*STRATEGIES, OWN]
        with ThreadPoolExecutor(len(names)) as pool, patient(night_server):
            services = dict(zip(names, pool.map(start, names), strict=True))
        for name, service in services.items():
            # `single` garbles two requests at once, which is not what this is about
            evening = [service.get(LOOKUP)] if name == "single" else service.burst(LOOKUP)
            assert {answer.status_code for answer in evening} == {200}, service.log.read_text()
        time.sleep(IDLE_SECONDS)
        yield {
            name: (service.burst(LOOKUP), service.log.read_text())
            for name, service in services.items()
        }


@pytest.mark.parametrize("strategy", [name for name in STRATEGIES if name != "single"] + [OWN])
def test_no_request_fails_in_the_morning(strategy, nights):
    answers, log = nights[strategy]

    assert [answer.status_code for answer in answers] == [200] * len(answers), log


def test_adaptive_needs_no_replay_for_it(nights):
    _, log = nights["adaptive"]

    assert "replayed" not in log


def test_single_fails_in_the_morning_with_2006_or_2013(nights):
    answers, log = nights["single"]

    assert 503 in {answer.status_code for answer in answers}
    assert "(2006," in log or "(2013," in log
    assert all("MySQL server" not in answer.text for answer in answers)


def test_single_starts_with_a_warning_that_says_what_it_is_for(nights):
    _, log = nights["single"]

    assert log.count("kept as a control") == 1
