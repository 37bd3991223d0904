"""Handlers for the signals that stop a command: SIGINT, SIGTERM and SIGHUP."""

import signal
from collections.abc import Callable


def on_signal(action: Callable[..., None]) -> None:
    """Install a handler for these signals."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, action)


def interrupt_on_signal() -> None:
    """Raise `KeyboardInterrupt` at the first of these signals, and ignore later ones.

    A second one must not interrupt the shutdown that the first one has started.
    """

    def interrupt(*_: object) -> None:
        on_signal(lambda *_: None)
        raise KeyboardInterrupt

    on_signal(interrupt)
