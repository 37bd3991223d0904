"""What the service's settings are in this checkout, and the private server behind them.

`var/` keeps what `make serve` made: the server's data, the secret key, the sample users. Where
DATABASE_URL is given, in the environment or in `.env`, none of it is used but the key.
"""

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dotenv import dotenv_values

from dev.find_server import find_server
from dev.keep import secret
from dev.private_server import PrivateServer
from dev.system_packages import Stop

VAR = Path("var")
DATABASE = "students"
PYTHON = sys.executable


def given(name: str) -> bool:
    """Tell whether a setting stands in the environment or in `.env`; an empty one does not."""
    places = ({**dotenv_values(".env")}, os.environ)
    return any(key.upper() == name and value for place in places for key, value in place.items())


def with_secret_key() -> dict[str, str]:
    """Give the environment, with a secret key of this checkout's own where none is given."""
    environment = dict(os.environ)
    if not given("SECRET_KEY"):
        VAR.mkdir(exist_ok=True)
        environment["SECRET_KEY"] = secret(VAR / "secret_key")
    return environment


def private_server() -> PrivateServer:
    """Give the server of `var/`, not started."""
    return PrivateServer(VAR / find_server().flavor)


@contextmanager
def private_environment() -> Iterator[dict[str, str]]:
    """Give the environment that points to the private server: the one that runs, or started."""
    server = private_server()
    if port := server.running_port():
        server.port = port
        yield _pointing_to(server)
        return
    with server:
        yield _pointing_to(server)


def _pointing_to(server: PrivateServer) -> dict[str, str]:
    url = server.create_database(DATABASE)
    owner = {"MIGRATION_DATABASE_URL": server.owner_url(url)}
    return {**with_secret_key(), "DATABASE_URL": url, **owner}


def migrate(environment: dict[str, str]) -> None:
    """Bring the private server's schema up to date, quietly unless it fails."""
    command = [PYTHON, "-m", "alembic", "upgrade", "head"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Stop(f"the schema cannot be made:\n{(done.stdout + done.stderr).strip()[-2000:]}")


@contextmanager
def only_one(address: str) -> Iterator[None]:
    """Let one `make serve` at a time run in this checkout."""
    VAR.mkdir(exist_ok=True)
    with (VAR / "serve.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Stop(f"make serve already runs in this folder ({file.read().strip()})") from None
        file.truncate(0)
        file.write(f"process {os.getpid()}, {address}\n")
        file.flush()
        yield
