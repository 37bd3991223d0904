"""The sample data of a cluster, and the sample users, whose passwords are stored in its folder."""

import json
from pathlib import Path

from dev.keep import write_privately

User = dict[str, str]


def ensure(folder: Path, url: str) -> None:
    """Create the sample data, unless an earlier start has."""
    if _file(folder).exists():
        return
    import sample_data  # noqa: PLC0415  # needs requirements/sample.txt
    from dev.sample import connect  # noqa: PLC0415

    with connect(url) as connection:
        seeded = sample_data.seed(connection)
    created = [
        {"user_name": login.user_name, "role": login.role, "password": login.password}
        for login in seeded.logins
    ]
    write_privately(_file(folder), json.dumps(created, indent=1) + "\n")


def users(folder: Path) -> list[User]:
    """Return the sample users who can sign in."""
    return list(json.loads(_file(folder).read_text()))


def _file(folder: Path) -> Path:
    return folder / "sample-users.json"
