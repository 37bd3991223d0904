"""Temporary Redis servers for the tests, on a free port and without persistence."""

import shutil
import subprocess
import sys
import time
from contextlib import contextmanager

import redis

from dev.system_packages import Stop, apt_install
from tests.support.service import free_port


class RedisServer:
    def __init__(self):
        self.port = free_port()
        self.url = f"redis://:a-redis-password@127.0.0.1:{self.port}/0"
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            # argv[0] selects the program: Debian's executable is also redis-check-rdb.
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--requirepass", "a-redis-password"],
            executable=find_redis(),
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        deadline = time.monotonic() + 10
        with redis.Redis.from_url(self.url) as client:
            while True:
                try:
                    client.ping()
                    return self
                except redis.ConnectionError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextmanager
def running_redis():
    """Start a Redis server and stop it at the end of the block."""
    server = RedisServer()
    try:
        yield server.start()
    finally:
        server.stop()


def find_redis():
    """Return the path of the Redis server, which is installed with apt if possible.

    Debian's redis-tools contains it as redis-check-rdb; the package redis-server would also start
    a service.
    """
    for may_install in (True, False):
        found = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        if found:
            return found
        if may_install and sys.platform == "darwin":
            raise Stop("the tests need Redis: run 'brew install redis', then try again")
        if may_install:
            apt_install(["redis-tools"], why="the tests need Redis")
    raise Stop("the tests need Redis, and redis-server is not installed")
