"""A wall clock that a test sets while a service runs, as an administrator or NTP would.

A preloaded library shifts CLOCK_REALTIME; the monotonic clocks stay real. libfaketime 0.9.10, which
Debian has, cannot do that: if it excludes the monotonic clocks, `time.sleep` of Python 3.11 fails
(https://github.com/wolfcw/libfaketime/issues/426).
"""

import shutil
import subprocess
import sys
from pathlib import Path

from dev.system_packages import Stop

SOURCE = Path(__file__).with_suffix(".c")


class WallClock:
    """`environment` of the process whose clock `set` changes from then on."""

    def __init__(self, folder):
        self._shift = folder / "shift"
        self._shift.write_bytes(bytes(8))
        library = folder / "wall_clock.so"
        subprocess.run(
            [_compiler(), "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", library, SOURCE],
            check=True,
        )
        self.environment = {"LD_PRELOAD": library, "WALL_CLOCK_SHIFT": self._shift}

    def set(self, seconds):
        """Set the clock to the real time plus this number of seconds."""
        with self._shift.open("r+b", buffering=0) as file:  # mapped, so it must not be truncated
            file.write(seconds.to_bytes(8, sys.byteorder, signed=True))


def _compiler():
    if sys.platform != "linux":
        raise Stop(
            "a test sets the clock of a service, which requires Linux: run it in a container"
        )
    found = shutil.which("gcc") or shutil.which("cc")
    if found is None:
        raise Stop("a test sets the clock of a service and compiles a library: install gcc")
    return found
