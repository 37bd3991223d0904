"""Benchmark suites: python -m bench [--quick | --draw]; writes docs/benchmarks.md and its plots."""

import argparse
import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import httpx

from bench import layers, report
from bench.machine import machine
from bench.suites import Bench
from dev.system_packages import Stop, find_program
from tests.support.server import start_server
from tests.support.service import free_port

RESULTS = Path("docs/benchmarks.json")
SLOW_LINK_STRATEGIES = ("adaptive", "per_request", "sqlalchemy")


def main(arguments: list[str]) -> int:
    """Run all suites on a private server with the sample data."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="one short round; only prints the results"
    )
    parser.add_argument("--seconds", type=int, help="duration of each load (default: 2)")
    parser.add_argument("--rounds", type=int, help="rounds of each suite (default: 4; quick: 1)")
    parser.add_argument(
        "--draw", action="store_true", help="only rewrite the page and plots from stored results"
    )
    options = parser.parse_args(arguments)
    if options.draw:
        write_documents(json.loads(RESULTS.read_text()))
        return 0
    try:
        find_program("wrk", package="wrk", why="the benchmark generates its load with wrk")
    except Stop as stop:
        print(f"bench: {stop}", file=sys.stderr)
        return 1
    seconds = options.seconds or 2
    results = measure(seconds, options.rounds or (1 if options.quick else 4), quick=options.quick)
    print(report.as_text(results))
    if not options.quick:
        RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
        write_documents(results)
    return 0


def measure(seconds: int, rounds: int, *, quick: bool) -> dict:
    """Run all suites; return their results as plain dictionaries."""
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
        slow_url = url.replace(f":{server.port}/", f":{port}/")
        slow_clients = (1,) if quick else (1, 16)
        results = {
            "machine": machine(server),
            "command": f"python -m bench --seconds {seconds} --rounds {rounds}",
            "strategies": plain(bench.strategies((16,) if quick else (1, 4, 8, 16))),
            "check overhead": plain(bench.check_overhead()),
            "peers": {what: plain(bench.peers(what)) for what in ("city", "one", "page")},
            "workers": plain(bench.workers()),
            "slow link": plain(bench.strategies(slow_clients, slow_url, SLOW_LINK_STRATEGIES)),
            "profile": layers.measure(url, server),
        }
        if not quick:
            results["slow link, peers"] = plain(bench.peers("one", slow_url))
            results["operations"] = plain(bench.operations())
    return results


def write_documents(results: dict) -> None:
    """Write docs/benchmarks.md and its plots."""
    from bench import plots  # noqa: PLC0415 - matplotlib takes a second to import

    plots.draw(results)
    report.write(results)


def sign_in(base: str, server, role: str = "admin") -> dict[str, str]:
    """Return the request headers of a signed-in user with this role."""
    (user,) = [user for user in server.users if user.role == role]
    response = httpx.post(f"{base}/v1/tokens", auth=(user.user_name, user.password))
    return {"Authorization": f"Bearer {response.raise_for_status().json()['access_token']}"}


@contextmanager
def slow_link(target: int):
    """Provide a port that leads to the server with 1 ms more per round trip."""
    port = free_port()
    command = [sys.executable, "-m", "bench.slow_link", str(port), str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        try:
            yield port
        finally:
            process.kill()


def plain(results):
    """Return nested results as dictionaries with string keys."""
    if isinstance(results, dict):
        return {str(key): plain(value) for key, value in results.items()}
    return results.as_dict()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
