"""The progress bar: there on a terminal, and nowhere else."""

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


def said_to(terminal):
    said = b""
    try:
        while chunk := os.read(terminal, 4096):
            said += chunk
    except OSError:  # Linux: the other side was closed
        pass
    return said.decode()


def test_a_terminal_shows_how_far_it_is(command, school):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment(school), stdout=subprocess.DEVNULL, stderr=theirs
    ):
        os.close(theirs)
        said = said_to(ours)
    os.close(ours)

    assert "%|" in said
    assert "B/s" in said


def test_a_log_shows_no_bar(command, school):
    result = subprocess.run(
        command, cwd=PROJECT, env=environment(school), capture_output=True, text=True, check=True
    )

    assert result.stderr == ""
