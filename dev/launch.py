"""Start a process that ends with this one, even if this one is killed.

On Linux, the kernel does that (`end_with_parent`); on other systems the parent must stop its
children. A child runs in its own session: Ctrl-C in the terminal reaches only the parent, which
then stops its children in the right order.
"""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

END_WITH_PARENT = Path(__file__).with_name("end_with_parent.py")
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
    wrapped = [sys.executable, "-S", "-E", str(END_WITH_PARENT), str(os.getpid()), *command]
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
