"""Execute a command in a process that ends with its parent: end_with_parent.py PARENT COMMAND...

On Linux, the kernel then sends it SIGTERM when its parent ends (PR_SET_PDEATHSIG). Every process
that `launch` starts runs this first, so it imports little.
"""

import ctypes
import os
import sys
from signal import SIGTERM

PR_SET_PDEATHSIG = 1


def become(parent: int, command: list[str]) -> None:
    """Bind this process to its parent and execute the command."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # the parent ended before the line above
            sys.exit(1)
    os.execvp(command[0], command)


if __name__ == "__main__":
    become(int(sys.argv[1]), sys.argv[2:])
