"""Start a process that does not outlive this one, even where this one is killed.

On Linux the kernel is told to end the child with its parent (PR_SET_PDEATHSIG); elsewhere the
parent's own clean-up has to do. The child gets a session of its own, so that Ctrl-C in the
terminal reaches only the parent, which then stops its children in the right order.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
# The kernel means the *thread* that started the child, so all children are started by one
# thread that lives until the interpreter ends.
_STARTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="launch")


def launch(
    command: Sequence[str],
    *,
    cwd: str | None = None,
    output: IO[bytes] | None = None,
    env: Mapping[str, str] | None = None,
    keep: Sequence[int] = (),
) -> "subprocess.Popen[bytes]":
    """Start the command; `keep` names the file descriptors it inherits."""
    wrapped = [sys.executable, "-S", "-E", str(Path(__file__)), str(os.getpid()), *command]
    return _STARTER.submit(
        subprocess.Popen,
        wrapped,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=env,
        pass_fds=keep,
        start_new_session=True,
    ).result()


def become(parent: int, command: list[str]) -> None:
    """Bind this process to its parent and turn into the command; runs in the child."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it died before the line above
            sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    become(int(sys.argv[1]), sys.argv[2:])
