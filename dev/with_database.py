"""Run a command with the checkout's database: python -m dev.with_database [--migrated] COMMAND ...

The database is DATABASE_URL if it is set, otherwise the private server of `make serve`, which is
started for the command unless it is running. `--migrated` first migrates the private server; it
never migrates DATABASE_URL.
"""

import subprocess
import sys

from dev.environment import is_set, migrate, private_environment, with_secret_key
from dev.system_packages import Stop, say


def main(arguments: list[str]) -> int:
    """Run the command and return its exit status."""
    migrated = arguments[:1] == ["--migrated"]
    command = arguments[1:] if migrated else arguments
    try:
        if is_set("DATABASE_URL"):
            return run(command, with_secret_key())
        with private_environment() as environment:
            if migrated:
                migrate(environment)
            return run(command, environment)
    except Stop as stop:
        say(f"cannot continue: {stop}")
        return 1
    except KeyboardInterrupt:
        return 130


def run(command: list[str], environment: dict[str, str]) -> int:
    """Run a command and return its exit status."""
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
