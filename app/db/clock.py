"""The clock that ages connections."""

import time

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now() -> float:
    """Seconds that only go forward, and go on while the machine sleeps.

    CLOCK_MONOTONIC stands still during a suspend; a server's `wait_timeout`
    does not.
    """
    return time.clock_gettime(_CLOCK)
