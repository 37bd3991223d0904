"""Notifies each `ConnectionManager` when its process is forked.

At the fork and not at the next use: a child that only exits would otherwise run finalizers
that send COM_QUIT on its parent's connections.
"""

import os
from typing import Protocol
from weakref import WeakSet


class ForkAware(Protocol):
    """An object that must reset itself in a forked child."""

    def after_fork(self) -> None: ...


_registered: WeakSet[ForkAware] = WeakSet()


def register(instance: ForkAware) -> None:
    """Call `instance.after_fork()` in every child forked from now on."""
    _registered.add(instance)


def _after_fork() -> None:
    for instance in list(_registered):
        instance.after_fork()


os.register_at_fork(after_in_child=_after_fork)
