"""`traceparent`, by which a request is known to those who sent it on (W3C Trace Context).

A valid one gives its trace id to the log lines, and is answered by `traceresponse`, which
names this service's part in the trace. What is not valid is ignored, as the standard asks.
"""

import os
import re
from dataclasses import dataclass
from typing import Self

_FORM = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")


@dataclass(frozen=True, slots=True)
class TraceContext:
    """A trace, our own part in it, and whether it is recorded."""

    trace_id: str
    span_id: str
    flags: str

    @classmethod
    def parse(cls, traceparent: str) -> Self | None:
        """Read the header, and make an id for our part; None where it is not valid."""
        found = _FORM.fullmatch(traceparent.strip())
        if found is None:
            return None
        version, trace_id, parent_id, flags, more = found.groups()
        if version == "ff" or (version == "00" and more):
            return None
        if not trace_id.strip("0") or not parent_id.strip("0"):
            return None
        return cls(trace_id, os.urandom(8).hex(), flags)

    def __str__(self) -> str:
        """Write it as the header of the answer."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags}"
