"""Where the time of one request goes: the application profiled without a network, by layer."""

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
# What is in a file's path, and the layer it belongs to; the first match counts.
LAYERS = {
    "/app/db/strategies/": "strategy",
    "/app/db/": "units of work, drivers' sockets",
    "/pymysql/": "PyMySQL",
    "/app/auth/": "sign-in and rate limit",
    "/jwt/": "sign-in and rate limit",
    "/app/operations/": "log line and metrics",
    "/structlog/": "log line and metrics",
    "/prometheus_client/": "log line and metrics",
    "/pydantic": "declaration and validation",
    "/app/": "resources, headers, ETag",
    "/flask": "Flask and Werkzeug",
    "/werkzeug/": "Flask and Werkzeug",
}
SYSTEM_CALLS = ("sendall", "recv_into", "'poll'", "'write'", "'flush'")


def measure(url: str, server) -> dict[str, float]:
    """Profile one student's read in a process of its own; microseconds a request, by layer."""
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
    """The layers, and what the same request costs a worker of 16 threads."""
    lines = ["| layer | CPU, microseconds | |", "| --- | ---: | ---: |"]
    alone = layers["alone"]
    shares = {name: value for name, value in layers.items() if name != "alone"}
    for name, value in sorted(shares.items(), key=lambda item: -item[1]):
        lines.append(f"| {name} | {value * alone:.0f} | {value:.0%} |")
    lines.append(f"| **all of the application, alone** | {alone:.0f} | 100% |")
    around = under_load["worker_cpu"] - alone
    lines.append(f"| gunicorn, and 16 threads that want one lock | {around:.0f} | |")
    return "\n".join(lines)


def main() -> None:
    """Print the figures of this process's own application."""
    import wsgi  # noqa: PLC0415 - reads the environment

    client = wsgi.app.test_client()
    user_name, password = json.load(sys.stdin)
    token = client.post("/v1/tokens", auth=(user_name, password)).json["access_token"]
    # A whole environment is made once: what a test client does is no part of the service.
    builder = client.open("/v1/students/1", headers={"Authorization": f"Bearer {token}"})
    environ = builder.request.environ
    for _ in range(WARM):
        call(wsgi.app, environ)
    # By the processor's clock: what waits for the database is no cost of its own.
    profile = cProfile.Profile(time.thread_time)
    profile.enable()
    for _ in range(REQUESTS):
        call(wsgi.app, environ)
    profile.disable()
    print(json.dumps({**shares(profile), "alone": alone(wsgi.app, environ)}))


def call(app, environ) -> None:
    """One request, as a WSGI server makes it."""
    fresh = {name: value for name, value in environ.items() if not name.startswith("werkzeug.")}
    answer = app(fresh, lambda *_: None)
    b"".join(answer)
    answer.close()


def alone(app, environ) -> float:
    """CPU microseconds of a request without a profiler: the best of several hundred."""
    best = float("inf")
    for _ in range(REQUESTS // WARM):
        start = time.process_time()
        for _ in range(WARM):
            call(app, environ)
        best = min(best, time.process_time() - start)
    return best / WARM * 1e6


def shares(profile: cProfile.Profile) -> dict[str, float]:
    """The part of each layer in all that was profiled."""
    found: dict[str, float] = {}
    for (path, _, name), (_, _, seconds, _, callers) in pstats.Stats(profile).stats.items():
        if any(word in name for word in SYSTEM_CALLS):
            add(found, "system calls: the database's socket, the log", seconds)
        elif path == "~" or ("/lib/python" in path and "site-packages" not in path):
            # Python's own work is its caller's.
            for (caller, _, _), (_, _, part, _) in callers.items():
                add(found, layer_of(caller), part)
        else:
            add(found, layer_of(path), seconds)
    total = sum(found.values())
    return {name: seconds / total for name, seconds in found.items()}


def add(found: dict[str, float], layer: str, seconds: float) -> None:
    """Count some more."""
    found[layer] = found.get(layer, 0.0) + seconds


def layer_of(path: str) -> str:
    """The layer a file belongs to."""
    inside = path.removeprefix(str(Path.cwd())) if ".venv" not in path else path
    return next((layer for part, layer in LAYERS.items() if part in inside), "Python itself")


if __name__ == "__main__":
    os.environ.setdefault("LOG_LEVEL", "INFO")
    main()
