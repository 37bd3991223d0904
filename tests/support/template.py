"""A server's folder with the sample data in it: made once in a run, copied for each server.

To make system tables, a schema and sample data takes seconds, to copy them a few tenths of one.
"""

import fcntl
import json
import os
import shutil
from contextlib import closing
from pathlib import Path

from sample_data import seed
from sample_data.load import Login

DATABASE = "made_in_advance"
# The process that all workers of a run come from makes this folder and removes it.
RUN_FOLDER = "TEST_RUN_FOLDER"
NOT_COPIED = shutil.ignore_patterns("lock", "port", "server.log", "tmp", "pid", "socket*")
FIGURES = "SELECT table_name FROM information_schema.tables WHERE table_schema = %s AND engine > ''"


def copy_template(make_server, folder):
    """Fill the folder of a new server; those who are in it may sign in to `DATABASE`, if it is."""
    if RUN_FOLDER not in os.environ:
        return ()
    template = Path(os.environ[RUN_FOLDER], "template")
    with open(template.with_suffix(".lock"), "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # one worker makes it, and the others wait for it
        if not template.exists():
            _make(make_server, template)
    shutil.copytree(template, folder, dirs_exist_ok=True)
    return tuple(Login(*login) for login in json.loads((folder / "logins").read_text()))


def _make(make_server, template):
    server = make_server()
    with server:
        url = server.create_migrated_database(DATABASE)
        with closing(server.connect(url)) as connection:
            users = seed(connection, students=600, seed=1).logins
            _gather_figures(connection)
        server.stop()
        part = template.with_suffix(".part")
        shutil.copytree(server.folder, part, ignore=NOT_COPIED)
    logins = [(user.user_name, user.role, user.password) for user in users]
    (part / "logins").write_text(json.dumps(logins))
    part.rename(template)


def _gather_figures(connection):
    """What the optimizer goes by; a server left alone gathers it in its own time."""
    with connection.cursor() as cursor:
        cursor.execute(FIGURES, (DATABASE,))
        for (table,) in cursor.fetchall():
            cursor.execute(f"ANALYZE TABLE `{table}`")
            cursor.fetchall()
