"""CPU time of one request by layer: profiles the application without a network server."""

import cProfile
import json
import os
import pstats
import subprocess
import sys
import time
from pathlib import Path

from tests.support.service import environment

REQUESTS = 500
WARM = 50
# Part of a file's path, and the layer it belongs to; the first match applies.
LAYERS = {
    "/app/db/strategies/": "strategy",
    "/app/db/": "transactions and driver sockets",
    "/pymysql/": "PyMySQL",
    "/app/auth/": "authentication and rate limit",
    "/jwt/": "authentication and rate limit",
    "/app/operations/": "logging and metrics",
    "/structlog/": "logging and metrics",
    "/prometheus_client/": "logging and metrics",
    "/pydantic": "Pydantic validation",
    "/app/": "resources and HTTP handling",
    "/flask": "Flask and Werkzeug",
    "/werkzeug/": "Flask and Werkzeug",
}
SYSTEM_CALLS = ("sendall", "recv_into", "'poll'", "'write'", "'flush'")


def measure(url: str, server) -> dict[str, float]:
    """Profile GET of one student in a separate process.

    Return the share of each layer, and under "alone" the CPU microseconds of a request.
    """
    (admin,) = [user for user in server.users if user.role == "admin"]
    done = subprocess.run(
        [sys.executable, "-m", "bench.layers"],
        env=environment(url, RATE_LIMIT="1000000/second"),
        input=json.dumps([admin.user_name, admin.password]),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=True,
    )
    return json.loads(done.stdout)


def table(layers: dict[str, float], under_load: dict) -> str:
    """Return a table of the layers, and the CPU of the same request in a worker under load."""
    lines = ["| layer | CPU, microseconds | |", "| --- | ---: | ---: |"]
    alone = layers["alone"]
    shares = {name: value for name, value in layers.items() if name != "alone"}
    for name, value in sorted(shares.items(), key=lambda item: -item[1]):
        lines.append(f"| {name} | {value * alone:.0f} | {value:.0%} |")
    lines.append(f"| **application, total** | {alone:.0f} | 100% |")
    around = under_load["worker_cpu"] - alone
    lines.append(f"| gunicorn and contention of 16 threads | {around:.0f} | |")
    return "\n".join(lines)


def main() -> None:
    """Print the profile of the application in this process."""
    import wsgi  # noqa: PLC0415 - reads the environment

    client = wsgi.app.test_client()
    user_name, password = json.load(sys.stdin)
    token = client.post("/v1/tokens", auth=(user_name, password)).json["access_token"]
    # Build the WSGI environment once, so that the test client is not part of the profile.
    builder = client.open("/v1/students/1", headers={"Authorization": f"Bearer {token}"})
    environ = builder.request.environ
    for _ in range(WARM):
        call(wsgi.app, environ)
    # CPU time, so that waiting for the database does not count.
    profile = cProfile.Profile(time.thread_time)
    profile.enable()
    for _ in range(REQUESTS):
        call(wsgi.app, environ)
    profile.disable()
    print(json.dumps({**shares(profile), "alone": alone(wsgi.app, environ)}))


def call(app, environ) -> None:
    """Run one request as a WSGI server does."""
    fresh = {name: value for name, value in environ.items() if not name.startswith("werkzeug.")}
    response = app(fresh, lambda *_: None)
    b"".join(response)
    response.close()


def alone(app, environ) -> float:
    """Return the CPU microseconds of a request without a profiler, the minimum of ten batches."""
    best = float("inf")
    for _ in range(REQUESTS // WARM):
        start = time.process_time()
        for _ in range(WARM):
            call(app, environ)
        best = min(best, time.process_time() - start)
    return best / WARM * 1e6


def shares(profile: cProfile.Profile) -> dict[str, float]:
    """Return the share of each layer in the profiled time."""
    found: dict[str, float] = {}
    for (path, _, name), (_, _, seconds, _, callers) in pstats.Stats(profile).stats.items():
        if any(word in name for word in SYSTEM_CALLS):
            add(found, "system calls for sockets and the log", seconds)
        elif path == "~" or ("/lib/python" in path and "site-packages" not in path):
            # Attribute builtins and the standard library to their callers.
            for (caller, _, _), (_, _, part, _) in callers.items():
                add(found, layer_of(caller), part)
        else:
            add(found, layer_of(path), seconds)
    total = sum(found.values())
    return {name: seconds / total for name, seconds in found.items()}


def add(found: dict[str, float], layer: str, seconds: float) -> None:
    """Add to the time of a layer."""
    found[layer] = found.get(layer, 0.0) + seconds


def layer_of(path: str) -> str:
    """Return the layer of a source file."""
    inside = path.removeprefix(str(Path.cwd())) if ".venv" not in path else path
    return next(
        (layer for part, layer in LAYERS.items() if part in inside), "Python standard library"
    )


if __name__ == "__main__":
    os.environ.setdefault("LOG_LEVEL", "INFO")
    main()
