"""Tells each `Lender` when its process has been forked.

Needed at once and not at the next use: a child that only exits would otherwise
run finalizers that say goodbye on its parent's connections.
"""

import os
from typing import Protocol
from weakref import WeakSet


class Forked(Protocol):
    """Something that must start afresh in a child."""

    def after_fork(self) -> None: ...


_watched: WeakSet[Forked] = WeakSet()


def watch(one: Forked) -> None:
    """Have `one.after_fork()` called in every child forked from now on."""
    _watched.add(one)


def _after_fork() -> None:
    for one in list(_watched):
        one.after_fork()


os.register_at_fork(after_in_child=_after_fork)
