"""Make the lock files in `requirements/` from pyproject.toml: make lock [UPGRADE=1].

Each list is held to the one it contains, so that the image, the sample data and the tests
never see two versions of one package. The resolver lives in an environment of its own.
"""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

from dev.system_packages import say

FOLDER = Path("requirements")
CONTENTS = {
    "runtime": [],
    "sample": ["--extra", "sample", "--constraints", "requirements/runtime.txt"],
    "dev": [
        *["--extra", "sample", "--extra", "opentelemetry"],
        *["--group", "dev", "--constraints", "requirements/sample.txt"],
    ],
    # Stands beside `dev` in one environment.
    "bench": ["--extra", "sample", "--group", "bench", "--constraints", "requirements/dev.txt"],
}


def main() -> int:
    """Resolve all lists; the status is that of the resolver."""
    uv = resolver()
    for name, arguments in CONTENTS.items():
        say(f"lock: requirements/{name}.txt")
        compile_list(uv, name, ["pyproject.toml", *arguments])
    say("lock: requirements/mysqlclient.txt")
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    only = "\n".join(project["optional-dependencies"]["mysqlclient"])
    compile_list(uv, "mysqlclient", ["-"], text=only)
    return 0


def resolver() -> str:
    """Give the path of uv, installed once into var/uv."""
    home = Path("var/uv")
    if not (home / "bin" / "uv").exists():
        say("lock: installing uv into var/uv ...")
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        subprocess.run([home / "bin" / "python", "-m", "pip", "-q", "install", "uv"], check=True)
    return str(home / "bin" / "uv")


def compile_list(uv: str, name: str, arguments: list[str], text: str | None = None) -> None:
    """Resolve one list for every platform from Python 3.11 on."""
    command = [uv, "pip", "compile", "--quiet", "--universal", "--generate-hashes"]
    command += ["--python-version", "3.11", "--custom-compile-command", "make lock"]
    command += ["--output-file", str(FOLDER / f"{name}.txt"), *arguments]
    if os.environ.get("UPGRADE"):
        command.append("--upgrade")
    subprocess.run(command, input=text, text=True, check=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except subprocess.CalledProcessError as failed:
        sys.exit(failed.returncode)
