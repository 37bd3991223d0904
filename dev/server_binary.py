"""A MariaDB or MySQL server program: its version, its initialization and its command line.

`find_server` and `mysql_root` locate the program; `private_server` runs it.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from dev.system_packages import Stop

OLDEST_MARIADB = (10, 5)
OLDEST_MYSQL = (8, 0)
# Everything mariadb-install-db runs, without the help texts and the sys schema. That program
# cannot be used: it needs my_print_defaults, which Debian ships in a package that is not installed.
SYSTEM_TABLES = ("system_tables", "performance_tables", "system_tables_data")
GEOMETRY = "maria_add_gis_sp_bootstrap"


@dataclass(frozen=True, slots=True)
class ServerBinary:
    """A server program of flavor `mariadb` or `mysql`, on the system or in the chroot `root`."""

    path: str
    flavor: str
    version: str
    root: Path | None = None

    @classmethod
    def examine(cls, path: str, root: Path | None = None) -> "ServerBinary":
        """Run the program with --version; raises `Stop` if that fails or it is too old."""
        command = [*_enter(root), path, "--no-defaults", "--version"]
        output = subprocess.run(command, capture_output=True, text=True, check=False)
        found = re.search(r"Ver (\d+)\.(\d+)(\.\d+)?", output.stdout)
        if not found:
            raise Stop(f"{path} does not run: {(output.stderr or output.stdout).strip()[-200:]}")
        flavor = "mariadb" if "mariadb" in output.stdout.lower() else "mysql"
        oldest = OLDEST_MARIADB if flavor == "mariadb" else OLDEST_MYSQL
        if (int(found[1]), int(found[2])) < oldest:
            raise Stop(
                f"{path} is {flavor} {found[0]}; at least {oldest[0]}.{oldest[1]} is required"
            )
        return cls(path, flavor, found[0].removeprefix("Ver "), root)

    def initialize(self, data: Path, accounts: list[str], log: Path) -> None:
        """Create the system tables in an empty folder, with only these accounts."""
        create = self._create_mariadb if self.flavor == "mariadb" else self._create_mysql
        with log.open("ab") as output:
            done = create(data, accounts, output.fileno())
        if done.returncode:
            raise Stop(f"{self.path} cannot create its data in {data}:\n{last_lines(log)}")

    def command(self, data: Path, port: int, options: Mapping[str, object]) -> list[str]:
        """Return the command that runs the server in the foreground."""
        all_options = {
            "port": port,
            "bind_address": "127.0.0.1",
            # Relative to the data folder: a socket path has at most 107 characters.
            "socket": "socket",
            "pid_file": "pid",
            "innodb_buffer_pool_size": "64M",
            "innodb_flush_log_at_trx_commit": 2,
            "performance_schema": "OFF",
            "skip_name_resolve": "ON",
            "skip_log_bin": None,
            **self._flavored(),
            **options,
        }
        return [*self._base(data), *map(_option, all_options.items())]

    def _flavored(self) -> dict[str, object]:
        if self.flavor == "mariadb":
            return {"innodb_log_file_size": "16M", "character_set_server": "utf8mb4"}
        return {"mysqlx": "OFF", "secure_file_priv": "NULL", "innodb_redo_log_capacity": "64M"}

    def _base(self, data: Path) -> list[str]:
        # A separate folder for temporary files: at startup a server removes files that look like
        # leftovers of an earlier run, which in a shared folder may belong to another server.
        temporary = data.with_name("tmp")
        temporary.mkdir(mode=0o700, exist_ok=True)
        options = [f"--datadir={self._inside(data)}", f"--tmpdir={self._inside(temporary)}"]
        command = [*_enter(self.root), self.path, "--no-defaults", *options]
        # The servers run as root only with this option.
        return [*command, "--user=root"] if os.geteuid() == 0 else command

    def _inside(self, path: Path) -> Path:
        """Return the path inside the chroot."""
        return Path("/", path.relative_to(self.root)) if self.root else path

    def _create_mariadb(
        self, data: Path, accounts: list[str], output: int
    ) -> subprocess.CompletedProcess[bytes]:
        data.mkdir(mode=0o700)
        scripts = self._scripts()
        sql = "CREATE DATABASE IF NOT EXISTS mysql;\nUSE mysql;\nSET @auth_root_socket=NULL;\n"
        sql += "\n".join(script.read_text() for script in scripts)
        sql += "\nDELETE FROM mysql.global_priv WHERE User IN ('root', '');\nFLUSH PRIVILEGES;\n"
        sql += "\n".join(f"{account};" for account in accounts) + "\n"
        command = [*self._base(data), "--bootstrap", "--log-warnings=0"]
        command += ["--innodb-log-file-size=16M", "--enforce-storage-engine="]
        return subprocess.run(
            command, input=sql.encode(), stdout=output, stderr=output, check=False
        )

    def _create_mysql(
        self, data: Path, accounts: list[str], output: int
    ) -> subprocess.CompletedProcess[bytes]:
        first = data.with_name("first.sql")
        first.touch(mode=0o600)
        lines = [*accounts, "DROP USER root@localhost"]
        first.write_text("".join(f"{line};\n" for line in lines))
        command = [*self._base(data), "--initialize-insecure"]
        command.append(f"--init-file={self._inside(first)}")
        command.append("--innodb-redo-log-capacity=64M")
        done = subprocess.run(command, stdout=output, stderr=output, env=environment(), check=False)
        first.unlink()
        return done

    def _scripts(self) -> list[Path]:
        help_text = subprocess.run(
            [*_enter(self.root), self.path, "--no-defaults", "--verbose", "--help"],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        base = re.search(r"^basedir\s+(\S+)", help_text, re.MULTILINE)
        prefixes = [Path(base[1])] if base else []
        if self.root:
            prefixes.append(Path(self.path).parent.parent)
            prefixes = [self.root / prefix.relative_to("/") for prefix in prefixes]
        else:
            prefixes.append(Path(self.path).resolve().parent.parent)
        for prefix in prefixes:
            for name in ("share/mysql", "share/mariadb", "share"):
                for brand in ("mysql", "mariadb"):
                    found = [prefix / name / f"{brand}_{part}.sql" for part in SYSTEM_TABLES]
                    if all(path.exists() for path in found):
                        geometry = prefix / name / f"{GEOMETRY}.sql"
                        return [*found, geometry] if geometry.exists() else found
        raise Stop(f"the SQL files of {self.path} were not found below {prefixes[0]}/share")


def environment() -> dict[str, str]:
    """Return the server's environment, without TMPDIR, which may not exist in its root."""
    return {name: value for name, value in os.environ.items() if name != "TMPDIR"}


def last_lines(log: Path, count: int = 8) -> str:
    """Return the end of a log file."""
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-count:])
    except OSError:
        return "(no log)"


def _enter(root: Path | None) -> list[str]:
    return ["chroot", str(root)] if root else []


def _option(item: tuple[str, object]) -> str:
    name, value = item[0].replace("_", "-"), item[1]
    return f"--{name}" if value is None else f"--{name}={value}"
