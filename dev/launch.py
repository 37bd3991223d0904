"""Start a process that ends with this one, even if this one is killed.

On Linux, the kernel sends the child SIGTERM when its parent ends (PR_SET_PDEATHSIG); on other
systems the parent must stop it. The child runs in its own session: Ctrl-C in the terminal reaches
only the parent, which then stops its children in the right order.
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
# PR_SET_PDEATHSIG refers to the *thread* that started the child, so all children are started by
# one thread that lives until the interpreter ends.
_STARTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="launch")


def launch(
    command: Sequence[str],
    *,
    cwd: str | None = None,
    output: IO[bytes] | None = None,
    env: Mapping[str, str] | None = None,
    keep: Sequence[int] = (),
) -> "subprocess.Popen[bytes]":
    """Start the command; it inherits the file descriptors in `keep`."""
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
    """Bind this process to its parent and execute the command; runs in the child."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # the parent ended before the line above
            sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    become(int(sys.argv[1]), sys.argv[2:])
