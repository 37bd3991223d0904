"""One line of the report of `flask doctor`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """What was observed. `remedy` is empty if there is no problem.

    With a `startup_error`, the service is known to fail with these settings and does not start.
    """

    name: str
    observed: str
    remedy: str = ""
    startup_error: str = ""
