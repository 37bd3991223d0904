"""The state of a pool at one moment, for people who watch it.

Moments are those of `clock.now`, which all processes of a machine share.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class OpenConnection:
    """A connection of the pool; `since` is when it was checked out, or checked in if it is idle."""

    connection_id: int
    is_checked_out: bool
    opened_at: float
    since: float


@dataclass(frozen=True, slots=True)
class ClosedConnection:
    """A connection that ended, and why (`DisconnectReason`).

    `cost_seconds` is the time that its last user lost: the wait for the response to a ping, or the
    time from the checkout to the failure. It is 0 if the pool found out before the checkout.
    """

    connection_id: int
    closed_at: float
    age_seconds: float
    cause: str
    detected_by: str
    server_code: int
    cost_seconds: float


@dataclass(frozen=True, slots=True)
class CircuitState:
    """The circuit breaker: when it opened, None if it is closed, and the error that opened it."""

    opened_at: float | None
    error_code: int


@dataclass(frozen=True, slots=True)
class PoolSnapshot:
    """The connections of a pool, and those that were closed last, oldest first."""

    size: int
    connections: list[OpenConnection]
    closed: list[ClosedConnection]
    circuit: CircuitState
