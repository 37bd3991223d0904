"""Importing `wsgi` needs only environment variables."""

import subprocess
import sys
from socket import create_server

from tests.support.service import environment

# Prints the files that Python opens for writing, and its connections and name lookups.
WATCHED_IMPORT = """
import os, sys

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT

def watch(event, arguments):
    if event == "open" and arguments[2] & WRITING and arguments[0] != os.devnull:
        print("opens to write:", arguments[0])
    if event in {"socket.connect", "socket.getaddrinfo", "socket.sendto"}:
        print(event, arguments)

sys.addaudithook(watch)
import wsgi
print("imported", wsgi.app.name)
"""


def test_importing_wsgi_connects_to_nothing_and_writes_nothing(tmp_path):
    with create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"mysql://app:secret@127.0.0.1:{listener.getsockname()[1]}/database"
        done = subprocess.run(
            [sys.executable, "-c", WATCHED_IMPORT],
            cwd=tmp_path,
            env=environment(url, PYTHONDONTWRITEBYTECODE=1),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert (done.stdout, done.stderr) == ("imported app\n", "")
        assert not has_connection(listener)
        assert list(tmp_path.iterdir()) == []


def has_connection(listener):
    """Return whether there was a connection, even from C, which Python's audit hooks do not see."""
    try:
        connection, _ = listener.accept()
    except BlockingIOError:
        return False
    connection.close()
    return True
