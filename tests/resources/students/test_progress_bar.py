"""The progress bar is shown on terminals only."""

import os
import pty
import subprocess
import sys
import termios

import pytest

from tests.resources.students.conftest import student
from tests.resources.students.files import ndjson
from tests.support.service import PROJECT, environment


@pytest.fixture
def command(tmp_path):
    file = tmp_path / "new.ndjson"
    file.write_bytes(ndjson([student(number) for number in range(1200)]))
    return [sys.executable, "-m", "flask", "--app", "wsgi", "import-students", str(file)]


def read_all(terminal):
    output = b""
    try:
        while chunk := os.read(terminal, 4096):
            output += chunk
    except OSError:  # EIO on Linux: the other side was closed
        pass
    return output.decode()


def test_a_terminal_shows_the_progress(command, school):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment(school), stdout=subprocess.DEVNULL, stderr=theirs
    ):
        os.close(theirs)
        output = read_all(ours)
    os.close(ours)

    assert "%|" in output
    assert "B/s" in output


def test_no_bar_is_written_to_a_pipe(command, school):
    result = subprocess.run(
        command, cwd=PROJECT, env=environment(school), capture_output=True, text=True, check=True
    )

    assert result.stderr == ""
