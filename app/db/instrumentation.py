"""What each thread asked of the database, for logs, metrics and tracing.

`Database` and `ConnectionManager` record it here. The values only grow: what one request used is
the difference between its end and its beginning. Statements a strategy sends for itself, such as
a ping or the settings of a new session, are not included.
"""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter

Span = Callable[[str], AbstractContextManager[object]]

_NO_SPAN = nullcontext()


class Usage(threading.local):
    """Totals of the current thread."""

    statements = 0
    checkout_seconds = 0.0
    checkout_started_at = 0.0


usage = Usage()


class _CheckoutTimer:
    """Has no state of its own, so one instance serves all threads."""

    def __enter__(self) -> None:
        usage.checkout_started_at = perf_counter()

    def __exit__(self, *_: object) -> None:
        usage.checkout_seconds += perf_counter() - usage.checkout_started_at


# `with checkout_timer:` around checking out a connection.
checkout_timer = _CheckoutTimer()


def executing(sql: str) -> AbstractContextManager[object]:
    """Count a statement; the returned block lasts until the statement is answered."""
    usage.statements += 1
    return _span(sql)


def trace_with(span: Span) -> None:
    """Enter `span(sql)` around each statement of this process from now on."""
    global _span  # noqa: PLW0603  # one tracer per process, as in OpenTelemetry
    _span = span


def no_span(sql: str) -> AbstractContextManager[object]:  # noqa: ARG001
    """Trace nothing; the default."""
    return _NO_SPAN


_span: Span = no_span
