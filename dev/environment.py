"""The service's environment variables in this checkout, and its private database server.

`var/` holds what `make serve` creates: the server's data, the secret key and the sample users. If
DATABASE_URL is set, in the environment or in `.env`, only the secret key is used.
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
from dev.names import DATABASE
from dev.private_server import PrivateServer
from dev.system_packages import Stop

VAR = Path("var")
PYTHON = sys.executable


def is_set(name: str) -> bool:
    """Return whether a variable has a non-empty value in the environment or in `.env`."""
    sources = ({**dotenv_values(".env")}, os.environ)
    return any(key.upper() == name and value for it in sources for key, value in it.items())


def with_secret_key() -> dict[str, str]:
    """Return the environment; if SECRET_KEY is not set, with the key of this checkout."""
    environment = dict(os.environ)
    if not is_set("SECRET_KEY"):
        VAR.mkdir(exist_ok=True)
        environment["SECRET_KEY"] = secret(VAR / "secret_key")
    return environment


def private_server() -> PrivateServer:
    """Return the server in `var/`, without starting it."""
    return PrivateServer(VAR / find_server().flavor)


@contextmanager
def private_environment() -> Iterator[dict[str, str]]:
    """Yield an environment that uses the private server; start the server unless it is running."""
    server = private_server()
    if port := server.running_port():
        server.port = port
        yield _using(server)
        return
    with server:
        yield _using(server)


def _using(server: PrivateServer) -> dict[str, str]:
    url = server.create_database(DATABASE)
    owner = {"MIGRATION_DATABASE_URL": server.owner_url(url)}
    return {**with_secret_key(), "DATABASE_URL": url, **owner}


def migrate(environment: dict[str, str]) -> None:
    """Migrate the database to the newest schema; alembic's output is shown only if it fails."""
    command = [PYTHON, "-m", "alembic", "upgrade", "head"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Stop(f"the migration failed:\n{(done.stdout + done.stderr).strip()[-2000:]}")


@contextmanager
def only_instance(address: str) -> Iterator[None]:
    """Hold the lock of this checkout; raises `Stop` if another `make serve` holds it."""
    VAR.mkdir(exist_ok=True)
    with (VAR / "serve.lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Stop(
                f"make serve is already running in this folder ({file.read().strip()})"
            ) from None
        file.truncate(0)
        file.write(f"process {os.getpid()}, {address}\n")
        file.flush()
        yield
