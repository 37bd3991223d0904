"""Run a command on the checkout's database: python -m dev.with_database [--migrated] COMMAND ...

That is DATABASE_URL where it is given; else the private server of `make serve`, which is
started for the occasion where it does not run. `--migrated` first brings its schema, and
never that of a server that was given, up to date.
"""

import subprocess
import sys

from dev.environment import given, migrate, private_environment, with_secret_key
from dev.system_packages import Stop, say


def main(arguments: list[str]) -> int:
    """Run the command; the status is its own."""
    migrated = arguments[:1] == ["--migrated"]
    command = arguments[1:] if migrated else arguments
    try:
        if given("DATABASE_URL"):
            return run(command, with_secret_key())
        with private_environment() as environment:
            if migrated:
                migrate(environment)
            return run(command, environment)
    except Stop as stop:
        say(f"cannot go on: {stop}")
        return 1
    except KeyboardInterrupt:
        return 130


def run(command: list[str], environment: dict[str, str]) -> int:
    """Run a command to its end, and give its status."""
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
