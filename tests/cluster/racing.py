"""Two writers on one or two nodes of a cluster, each with an application of its own."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

from app import create_app
from dev.names import DATABASE
from tests.support.database import query, settings_for

ROUNDS = 200


class Writer:
    """The application, connected to one node, with a client and the headers of an administrator."""

    def __init__(self, url, headers=None, **settings):
        # With more tokens in `users`, the tests would wait for argon2 rather than for the servers.
        self.app = create_app(settings_for(url, access_token_seconds=86_400, **settings))
        self.database = self.app.extensions["database"]
        self.client = self.app.test_client()
        self.headers = headers

    def sign_in(self, user):
        """Sign in; the token is valid for every writer."""
        response = self.client.post("/v1/tokens", auth=(user["user_name"], user["password"]))
        self.headers = {"Authorization": f"Bearer {response.json['access_token']}"}

    def send(self, method, path, body=None, **headers):
        """Send a request, a PATCH as a merge patch."""
        kind = {"content_type": "application/merge-patch+json"} if method == "PATCH" else {}
        return self.client.open(
            path, method=method, json=body, headers={**self.headers, **headers}, **kind
        )

    def close(self):
        self.database.close()


@contextmanager
def writers(galera, numbers):
    """Yield a writer on each of these nodes."""
    (admin,) = [user for user in galera.users if user["role"] == "admin"]
    opened = [Writer(galera.node_url(number)) for number in numbers]
    opened[0].sign_in(admin)
    for writer in opened:
        writer.headers = opened[0].headers
    try:
        yield opened
    finally:
        for writer in opened:
            writer.close()


def at_once(*calls):
    """Run functions in threads that start together; return their results in order."""
    barrier = threading.Barrier(len(calls))

    def run(call):
        barrier.wait(30)
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def statuses(*calls):
    """Return the statuses of requests that are sent at once."""
    return tuple(response.status_code for response in at_once(*calls))


@contextmanager
def looking(galera, number=1):
    """Yield a function that queries a node, with all that the others had committed before."""
    with closing(galera.nodes[number].connect(database=DATABASE)) as connection:
        query(connection, "SET SESSION wsrep_sync_wait = 7")
        yield lambda sql, *params: query(connection, sql, params)


def count_of(round_of, rounds=ROUNDS):
    """Run rounds and count their results."""
    return Counter(round_of(number) for number in range(rounds))
