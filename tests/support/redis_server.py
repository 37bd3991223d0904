"""A throwaway Redis for the tests, on a port of its own; nothing is written to a disk."""

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
            # The first word says what the program is to be; Debian's has two names.
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
    server = RedisServer()
    try:
        yield server.start()
    finally:
        server.stop()


def find_redis():
    """The program; installed where that can be done unasked.

    Debian's redis-tools has it, as redis-check-rdb; its redis-server would start a service.
    """
    for installed in (True, False):
        found = shutil.which("redis-server") or shutil.which("redis-check-rdb")
        if found:
            return found
        if installed and sys.platform == "darwin":
            raise Stop("the tests start a Redis: 'brew install redis', then try again")
        if installed:
            apt_install(["redis-tools"], why="the tests start a Redis")
    raise Stop("the tests start a Redis, and there is no redis-server on this machine")
