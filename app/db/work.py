"""What this thread has asked of the database so far, for whoever looks at a request from outside.

`Database` and `Lender` note it here. The figures only grow: a request's own are the difference
between its end and its beginning. What a strategy sends on its own account, a ping or the
settings of a new session, is not in them.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter

Span = Callable[[str], AbstractContextManager[object]]

_NO_SPAN = nullcontext()


class Work(threading.local):
    """Each thread sees figures of its own."""

    statements = 0
    waited_seconds = 0.0
    waits_since = 0.0


done = Work()


class _Waiting:
    """Holds nothing of its own, so one serves all threads."""

    def __enter__(self) -> None:
        done.waits_since = perf_counter()

    def __exit__(self, *_: object) -> None:
        done.waited_seconds += perf_counter() - done.waits_since


# `with waiting:` around what borrows a connection.
waiting = _Waiting()


def sending(sql: str) -> AbstractContextManager[object]:
    """Count a statement; the block lasts until it has been answered."""
    done.statements += 1
    return _span(sql)


def trace_with(span: Span) -> None:
    """Have `span(sql)` entered around each statement from now on, in the whole process."""
    global _span  # noqa: PLW0603  # one tracer a process, as OpenTelemetry has it
    _span = span


def no_span(sql: str) -> AbstractContextManager[object]:  # noqa: ARG001
    """Trace nothing: the way it begins."""
    return _NO_SPAN


_span: Span = no_span
