"""`wsgi:app` is made of environment variables alone."""

import subprocess
import sys
from socket import create_server

from tests.support.service import environment

# Reports what Python itself opens for writing, and every connection and name look-up it starts.
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
        url = f"mysql://app:secret@127.0.0.1:{listener.getsockname()[1]}/students"
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
        assert not is_asked(listener)
        assert list(tmp_path.iterdir()) == []


def is_asked(listener):
    """Whether anybody has connected, even from C, where Python's audit sees nothing."""
    try:
        connection, _ = listener.accept()
    except BlockingIOError:
        return False
    connection.close()
    return True
