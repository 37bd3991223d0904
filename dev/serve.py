"""Run the whole service on a developer's machine: make serve, or with --reload: make dev.

Starts the private server, migrates it, creates sample data and starts gunicorn, or granian with
SERVER=granian. Ctrl-C or SIGTERM stops it, which completes its requests, and then the private
server. If DATABASE_URL is set, that database is used unchanged. With --reload, Flask's development
server is used: it restarts when a module changes. It has no debugger, which would let every client
execute code.
"""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from app.operations.startup_checks import check_port
from app.settings import BadSettings, Settings, load_settings
from dev.environment import (
    VAR,
    is_set,
    migrate,
    only_instance,
    private_environment,
    private_server,
    with_secret_key,
)
from dev.launch import launch
from dev.names import DATABASE
from dev.private_server import PrivateServer
from dev.signals import interrupt_on_signal, on_signal
from dev.system_packages import Stop, say

START_SECONDS = 60
# One machine with a load generator; in production, RATE_LIMIT has its default.
RATE_LIMIT = "1000000/minute"
COMMANDS = {
    "gunicorn": [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"],
    "granian": [sys.executable, "-m", "server.granian"],
}
# Used while the other settings are checked, before the private server has an address.
PLACEHOLDER = f"mysql://app@127.0.0.1:1/{DATABASE}"

User = dict[str, str]
Server = subprocess.Popen[bytes]


def main(arguments: list[str]) -> int:
    """Serve until a signal stops it, and return 0; if the server ends first, return its status."""
    interrupt_on_signal()
    try:
        command_of_server()
        settings = check_settings()
        address = address_of(settings)
        with only_instance(address):
            check_port(settings)
            return serve(settings, address, reload="--reload" in arguments)
    except BadSettings as error:
        say(f"cannot start: {error}")
    except Stop as stop:
        say(f"cannot start: {stop}")
    except PermissionError as error:
        say(f"cannot start: cannot write {error.filename} ({error.strerror})")
    except KeyboardInterrupt:
        say("stopped")
        return 0
    return 1


def serve(settings: Settings, address: str, *, reload: bool) -> int:
    """Run the server and print how to use the service."""
    private = not is_set("DATABASE_URL")
    with private_environment() if private else nullcontext(with_secret_key()) as environment:
        users = prepare(environment) if private else []
        if not private:
            say(f"serve: using {settings.database_url} without migrating or seeding it")
            say("serve: to do so, run 'make migrate' and 'make seed'")
        if not is_set("LOG_FORMAT") and (reload or sys.stderr.isatty()):
            environment["LOG_FORMAT"] = "console"
        if not is_set("RATE_LIMIT"):
            environment["RATE_LIMIT"] = RATE_LIMIT
        command = reloading(settings) if reload else command_of_server()
        with server(command, environment, settings) as process:
            if wait_until_ready(process, settings):
                print(
                    "\n".join(["", *instructions(address, settings.db_strategy, users), ""]),
                    flush=True,
                )
            return watch(process, private_server() if private else None)


def prepare(environment: dict[str, str]) -> list[User]:
    """Migrate the private server; return the sample users, creating sample data if needed."""
    from dev.sample import ensure_sample  # noqa: PLC0415  # needs requirements/sample.txt

    migrate(environment)
    return ensure_sample(environment["DATABASE_URL"])


def check_settings() -> Settings:
    """Read the settings before anything slow starts; raises `BadSettings`."""
    os.environ.update(with_secret_key())
    if is_set("DATABASE_URL"):
        return load_settings()
    os.environ["DATABASE_URL"] = PLACEHOLDER
    try:
        return load_settings()
    finally:
        del os.environ["DATABASE_URL"]


def command_of_server() -> list[str]:
    """Return the command of the server that SERVER names; raises `BadSettings`."""
    name = os.environ.get("SERVER") or "gunicorn"
    if name not in COMMANDS:
        raise BadSettings(f"SERVER={name!r}: use one of {', '.join(COMMANDS)}")
    return COMMANDS[name]


def reloading(settings: Settings) -> list[str]:
    """Return the command of the development server."""
    address = ["--host", settings.host, "--port", str(settings.port)]
    flask = [sys.executable, "-m", "flask", "--app", "wsgi"]
    return [*flask, "run", "--reload", "--no-debugger", *address]


@contextmanager
def server(command: list[str], environment: dict[str, str], settings: Settings) -> Iterator[Server]:
    """Start the server and stop it gracefully; a second Ctrl-C stops it at once."""
    process = launch(command, env=environment)
    try:
        yield process
    finally:
        if process.poll() is None:
            say("stopping ...")
            process.terminate()

        def stop_now(*_: object) -> None:
            process.send_signal(signal.SIGQUIT)

        on_signal(stop_now)
        try:
            process.wait(settings.graceful_timeout_seconds + 5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_ready(process: Server, settings: Settings) -> bool:
    """Wait for `/livez`; return false if the process ended first."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None:
        if _is_alive(settings):
            return True
        if time.monotonic() > deadline:
            raise Stop(f"no response from /livez within {START_SECONDS} s")
        time.sleep(0.1)
    return False


def watch(process: Server, database: PrivateServer | None) -> int:
    """Wait for the server to end and return its status; return 1 if the private server ends first.

    It polls five times per second: a blocking wait would not be interrupted by a signal that
    arrives just before it, or in another thread.
    """
    while (status := process.poll()) is None:
        if database is not None and database.running_port() is None:
            say(f"serve: the private server has ended; see {database.log}")
            return 1
        time.sleep(0.2)
    return status


def instructions(address: str, strategy: str, users: list[User]) -> list[str]:
    """Return the lines that describe how to use the service."""
    lines = [f"Serving on {address} with DB_STRATEGY={strategy} (all settings: .env.example)", ""]
    lines += [f"  curl '{address}/?city=London'"]
    lines += [f"  in a browser: {address}/docs/ and {address}/status/", ""]
    if not is_set("RATE_LIMIT"):
        default = Settings.model_fields["rate_limit"].default
        lines += [f"RATE_LIMIT={RATE_LIMIT} here, for load tests; in production {default}.", ""]
    sign_in = f"curl -X POST -u USER:PASSWORD {address}/v1/tokens"
    lines.append("Get an access token with a user name and password; send it with each request:")
    if users:
        width = max(len(user["user_name"]) for user in users)
        lines += [f"  {u['user_name']:{width}}  {u['password']}  ({u['role']})" for u in users]
        first = users[0]
        sign_in = f"curl -X POST -u '{first['user_name']}:{first['password']}' {address}/v1/tokens"
    else:
        lines.append("  create the first user with: make user NAME=admin")
    lines += [f"  {sign_in}", f"  curl -H 'Authorization: Bearer TOKEN' {address}/v1/students", ""]
    kept = f"; the data are kept in {VAR}/" if not is_set("DATABASE_URL") else ""
    return [*lines, f"Ctrl-C stops everything{kept}."]


def address_of(settings: Settings) -> str:
    """Return the base URL of the service."""
    return f"http://{_reachable(settings.host)}:{settings.port}"


def _reachable(host: str) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


def _is_alive(settings: Settings) -> bool:
    connection = http.client.HTTPConnection(
        _reachable(settings.host).strip("[]"), settings.port, timeout=5
    )
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
