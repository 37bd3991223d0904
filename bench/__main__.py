"""The benchmark: python -m bench [--quick]; writes docs/benchmarks.md, plots and figures."""

import argparse
import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx

from bench import layers, plots, report
from bench.machine import machine
from bench.suites import Bench
from dev.system_packages import Stop, find_program
from tests.support.server import start_server
from tests.support.service import free_port

FIGURES = Path("docs/benchmarks.json")
ON_A_SLOW_LINK = ("adaptive", "per_request", "sqlalchemy")


def main(arguments: list[str]) -> int:
    """Measure everything on a private server with the sample data."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="about a minute, for a first look")
    parser.add_argument("--seconds", type=int, help="of each load (2)")
    parser.add_argument("--rounds", type=int, help="of each suite (4; quick: 1)")
    asked = parser.parse_args(arguments)
    try:
        find_program("wrk", package="wrk", why="wrk is the client of the benchmark")
    except Stop as stop:
        print(f"bench: {stop}", file=sys.stderr)
        return 1
    seconds = asked.seconds or 2
    found = measure(seconds, asked.rounds or (1 if asked.quick else 4), quick=asked.quick)
    print(report.as_text(found))
    if not asked.quick:
        FIGURES.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
        plots.draw(found)
        report.write(found)
    return 0


def measure(seconds: int, rounds: int, *, quick: bool) -> dict:
    """Run all suites; gives plain figures."""
    with (
        start_server(max_connections=500) as server,
        slow_link(server.port) as port,
        Bench(
            server,
            url := server.create_sample_database(),
            lambda base: sign_in(base, server),
            seconds=seconds,
            rounds=rounds,
        ) as bench,
    ):
        slow = url.replace(f":{server.port}/", f":{port}/")
        found = {
            "machine": machine(server),
            "command": f"python -m bench --seconds {seconds} --rounds {rounds}",
            "strategies": plain(bench.strategies((16,) if quick else (1, 4, 8, 16))),
            "safety": plain(bench.safety()),
            "peers": {what: plain(bench.peers(what)) for what in ("city", "one", "page")},
            "workers": plain(bench.workers()),
            "slow link": plain(bench.strategies((1,) if quick else (1, 16), slow, ON_A_SLOW_LINK)),
            "profile": layers.measure(url, server),
        }
        if not quick:
            found["slow link, peers"] = plain(bench.peers("one", slow))
            found["operations"] = plain(bench.operations())
    return found


def sign_in(base: str, server) -> dict[str, str]:
    """The headers of a signed-in administrator."""
    (admin,) = [user for user in server.users if user.role == "admin"]
    answer = httpx.post(f"{base}/v1/tokens", auth=(admin.user_name, admin.password))
    return {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}


@contextmanager
def slow_link(target: int):
    """A port that leads to the server with a millisecond more for each round trip."""
    port = free_port()
    command = [sys.executable, "-m", "bench.slow_link", str(port), str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        try:
            yield port
        finally:
            process.kill()


def plain(found):
    """Figures as dictionaries."""
    if isinstance(found, dict):
        return {str(key): plain(value) for key, value in found.items()}
    return found.as_dict()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
