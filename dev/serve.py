"""Run the whole service for a developer: make serve.

Private server, schema, sample data, then gunicorn; Ctrl-C or SIGTERM stops gunicorn first,
which finishes its requests, and then the server. Where DATABASE_URL is given, that server is
used as it is.
"""

import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from app.operations.startup_checks import check_port
from app.settings import BadSettings, Settings, load_settings
from dev.environment import (
    VAR,
    given,
    migrate,
    only_one,
    private_environment,
    private_server,
    with_secret_key,
)
from dev.launch import launch
from dev.private_server import PrivateServer
from dev.system_packages import Stop, say

START_SECONDS = 60
GUNICORN = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
# Stands in for the private server's address while the other settings are checked.
PLACEHOLDER = "mysql://app@127.0.0.1:1/students"

User = dict[str, str]
Gunicorn = subprocess.Popen[bytes]


def main() -> int:
    """Serve until asked to stop: then 0; gunicorn's own status where it ends by itself."""
    on_signal(_interrupt)
    try:
        settings = check_settings()
        address = address_of(settings)
        with only_one(address):
            check_port(settings)
            return serve(settings, address)
    except BadSettings as error:
        say(f"cannot start: {error}")
    except Stop as stop:
        say(f"cannot start: {stop}")
    except PermissionError as error:
        say(f"cannot start: {error.filename} cannot be written ({error.strerror})")
    except KeyboardInterrupt:
        say("stopped")
        return 0
    return 1


def serve(settings: Settings, address: str) -> int:
    """Run gunicorn on the database, and say how to use it."""
    own = not given("DATABASE_URL")
    with private_environment() if own else nullcontext(with_secret_key()) as environment:
        users = prepare(environment) if own else []
        if not own:
            say(f"serve: using {settings.database_url}; nothing was migrated or seeded")
            say("serve: that is done by 'make migrate' and 'make seed'")
        if not given("LOG_FORMAT") and sys.stderr.isatty():
            environment["LOG_FORMAT"] = "console"
        with gunicorn(environment, settings) as process:
            if wait_until_it_answers(process, settings):
                print(
                    "\n".join(["", *instructions(address, settings.db_strategy, users), ""]),
                    flush=True,
                )
            return watch(process, private_server() if own else None)


def prepare(environment: dict[str, str]) -> list[User]:
    """Bring the private server's schema and sample data up to date."""
    from dev.sample import ensure_sample  # noqa: PLC0415  # needs what `sample` installs

    migrate(environment)
    return ensure_sample(environment["DATABASE_URL"])


def check_settings() -> Settings:
    """Read the settings before anything long begins; raises `BadSettings`."""
    os.environ.update(with_secret_key())
    if given("DATABASE_URL"):
        return load_settings()
    os.environ["DATABASE_URL"] = PLACEHOLDER
    try:
        return load_settings()
    finally:
        del os.environ["DATABASE_URL"]


@contextmanager
def gunicorn(environment: dict[str, str], settings: Settings) -> Iterator[Gunicorn]:
    """Start gunicorn, and end it in good order; a second Ctrl-C ends it at once."""
    process = launch(GUNICORN, env=environment)
    try:
        yield process
    finally:
        if process.poll() is None:
            say("stopping ...")
            process.terminate()

        def hasten(*_: object) -> None:
            process.send_signal(signal.SIGQUIT)

        on_signal(hasten)
        try:
            process.wait(settings.graceful_timeout_seconds + 5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_it_answers(process: Gunicorn, settings: Settings) -> bool:
    """Tell whether the service came up, before gunicorn ended."""
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None:
        if _answers(settings):
            return True
        if time.monotonic() > deadline:
            raise Stop(f"/livez does not answer after {START_SECONDS} s")
        time.sleep(0.1)
    return False


def watch(process: Gunicorn, server: PrivateServer | None) -> int:
    """Give gunicorn's status when it ends; 1 when the private server has ended before it.

    Looks five times a second instead of waiting in the kernel: a signal that arrives just
    before such a wait, or in another thread, would not end it.
    """
    while (status := process.poll()) is None:
        if server is not None and server.running_port() is None:
            say(f"serve: the private server has ended; its last words are in {server.log}")
            return 1
        time.sleep(0.2)
    return status


def instructions(address: str, strategy: str, users: list[User]) -> list[str]:
    """Say where the service is, how to sign in, how to ask it something and how to stop it."""
    lines = [f"Serving on {address} with DB_STRATEGY={strategy} (all settings: .env.example)", ""]
    lines += [f"  curl '{address}/?city=London'", ""]
    sign_in = f"curl -X POST -u USER:PASSWORD {address}/v1/tokens"
    lines.append("Sign in with a user name and a password for an access token, then send it along:")
    if users:
        width = max(len(user["user_name"]) for user in users)
        lines += [f"  {u['user_name']:{width}}  {u['password']}  ({u['role']})" for u in users]
        first = users[0]
        sign_in = f"curl -X POST -u '{first['user_name']}:{first['password']}' {address}/v1/tokens"
    else:
        lines.append("  the first user is added by: flask --app wsgi create-user NAME")
    lines += [f"  {sign_in}", f"  curl -H 'Authorization: Bearer TOKEN' {address}/v1/students", ""]
    kept = f"; the data stay in {VAR}/" if not given("DATABASE_URL") else ""
    return [*lines, f"Ctrl-C stops everything{kept}."]


def address_of(settings: Settings) -> str:
    """Give the address to type."""
    return f"http://{_reachable(settings.host)}:{settings.port}"


def _reachable(host: str) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{host}]" if ":" in host else host


def _answers(settings: Settings) -> bool:
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


def on_signal(action: Callable[..., None] | signal.Handlers) -> None:
    """Do this when asked to stop."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, action)


def _interrupt(*_: object) -> None:
    # Once: a second signal must not break into the stopping that the first one began.
    on_signal(signal.SIG_IGN)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
