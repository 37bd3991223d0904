"""Remembers that the server could not write its files: disk or table space full, or a fault of it.

Such a server still answers queries, so a health check that only reads does not notice. A trial
write would not either: a small row often fits into a page that has space left. What counts is the
last transaction of this process that wrote: it failed for this reason, or was committed.
"""

from .clock import Deadline
from .errors import StorageFailed

# Without another write it is not known whether the server can write again.
REMEMBERED_SECONDS = 60.0


class StorageFailures:
    """The last failure to write, until a commit of a write or for `REMEMBERED_SECONDS`.

    Without a lock: each method assigns one attribute.
    """

    def __init__(self) -> None:
        self._last: tuple[StorageFailed, Deadline] | None = None

    def note_failure(self, error: BaseException | None) -> None:
        """Record the error that ended a transaction, if it is of this kind."""
        if isinstance(error, StorageFailed):
            # A copy: the traceback of the error refers to everything in the request.
            copy = StorageFailed(str(error))
            copy.code = error.code
            self._last = copy, Deadline(REMEMBERED_SECONDS)

    def note_commit(self, *, has_written: bool) -> None:
        """Forget the last failure if the committed transaction has written."""
        if has_written and self._last is not None:
            self._last = None

    def last(self) -> StorageFailed | None:
        """Return the last failure if it may persist, else None."""
        last = self._last
        return None if last is None or last[1].is_over() else last[0]
