"""The template of the test servers: a data directory with the schema and the sample data.

Created once in a test run, which takes about eight seconds, and copied for each server (0.2 s).
"""

import fcntl
import json
import os
import shutil
from contextlib import closing
from pathlib import Path

from sample_data import seed
from sample_data.load import Login

DATABASE = "sample"
# The main process of a run creates and removes this folder; its workers share it.
RUN_FOLDER = "TEST_RUN_FOLDER"
NOT_COPIED = shutil.ignore_patterns("lock", "port", "server.log", "tmp", "pid", "socket*")
TABLES = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s AND engine > ''"


def copy_template(new_server, folder):
    """Copy the template into the folder of a new server.

    Returns the logins of the sample database; none outside of a test run.
    """
    if RUN_FOLDER not in os.environ:
        return ()
    template = Path(os.environ[RUN_FOLDER], "template")
    with open(template.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one worker creates it, the others wait
        if not template.exists():
            _create(new_server, template)
    shutil.copytree(template, folder, dirs_exist_ok=True)
    return tuple(Login(*login) for login in json.loads((folder / "logins").read_text()))


def _create(new_server, template):
    server = new_server()
    with server:
        url = server.create_migrated_database(DATABASE)
        with closing(server.connect(url)) as connection:
            users = seed(connection, students=600, seed=1).logins
            _update_statistics(connection)
        server.stop()
        part = template.with_suffix(".part")
        shutil.copytree(server.folder, part, ignore=NOT_COPIED)
    logins = [(user.user_name, user.role, user.password) for user in users]
    (part / "logins").write_text(json.dumps(logins))
    part.rename(template)


def _update_statistics(connection):
    """Update the statistics of the optimizer; a server does so in the background, at any time."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES, (DATABASE,))
        for (table,) in cursor.fetchall():
            cursor.execute(f"ANALYZE TABLE `{table}`")
            cursor.fetchall()
