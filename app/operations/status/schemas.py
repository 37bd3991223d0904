"""The response of `/v1/status`."""

from typing import Literal

from pydantic import BaseModel, Field


class Duration(BaseModel):
    """How many requests took at most this long."""

    at_most_seconds: float | None = Field(description="The limit; null: no limit.")
    requests: int = Field(description="All requests so far that did not take longer.")


class Server(BaseModel):
    """The database server."""

    version: str = Field(examples=["10.11.11-MariaDB"])
    wait_timeout_seconds: int = Field(description="It closes connections that are idle for longer.")
    connections: int = Field(description="Its connections, those of other clients included.")
    max_connections: int = Field(description="The most connections that it accepts.")


class Circuit(BaseModel):
    """The circuit breaker for new connections."""

    is_open: bool = Field(description="Whether the last attempt to open a connection failed.")
    open_seconds: float | None = Field(description="For how long it is open.")
    error_code: int = Field(description="The error that opened it; 0 while it is closed.")


class OpenConnection(BaseModel):
    """A connection in a pool."""

    connection_id: int = Field(description="`CONNECTION_ID()` at the server.")
    state: Literal["idle", "in_use"]
    age_seconds: float = Field(description="Since it was opened.")
    state_seconds: float = Field(description="Since it was checked out, or returned to the pool.")


class Pool(BaseModel):
    """A pool of one worker."""

    name: str = Field(description="`primary` or `replica`.", examples=["primary"])
    size: int = Field(description="The most connections in use at once.")
    idle: int
    in_use: int
    circuit: Circuit
    connections: list[OpenConnection] = Field(description="At most 200, the oldest first.")


class Worker(BaseModel):
    """A worker process."""

    process_id: int
    report_age_seconds: float = Field(description="How old these values are.")
    pools: list[Pool]


class ClosedConnection(BaseModel):
    """A connection that ended."""

    process_id: int = Field(description="The worker that had it.")
    pool: str = Field(description="`primary` or `replica`.", examples=["primary"])
    connection_id: int = Field(description="`CONNECTION_ID()` at the server.")
    closed_seconds_ago: float
    age_seconds: float = Field(description="How long it was open.")
    cause: str = Field(
        description="As in `database_connections_closed_total`.", examples=["fin", "age"]
    )
    detected_by: str = Field(
        description="`liveness_check`, `ping`, `first_use` or `transaction`; `policy`: it worked, "
        "and was closed because of its age, its idle time or the loss of another one."
    )
    server_code: int = Field(description="The error code of the server or the driver; 0: none.")
    cost_seconds: float = Field(
        description="What it cost the request that had it: the wait for the response to a ping, or "
        "the time since its checkout; 0 if it was found before its use."
    )


class ServiceStatus(BaseModel):
    """The state of all workers at one moment. Totals count from the start of the service."""

    instance_id: str = Field(
        description="The same for all workers; another replica of the service has another one, and "
        "so has the same one after a restart. Totals of different instances cannot be compared.",
        examples=["9f86d081884c7d65"],
    )
    clock_seconds: float = Field(
        description="The machine's monotonic clock: differences of two totals divided by the "
        "difference of this value are rates."
    )
    strategy: str = Field(description="The connection strategy.", examples=["adaptive"])
    requests: dict[str, int] = Field(
        description="Completed requests by class of status, without `/livez`, `/readyz`, "
        "`/metrics` and this operation.",
        examples=[{"2xx": 1200, "3xx": 0, "4xx": 8, "5xx": 0}],
    )
    durations: list[Duration] = Field(description="The same requests by duration.")
    statements: int = Field(description="Statements they sent to the database.")
    connection_wait_seconds: float = Field(
        description="Time that all requests spent acquiring connections."
    )
    server: Server | None = Field(description="null if it cannot be asked.")
    server_problem: str | None = Field(description="Why the server cannot be asked.")
    workers: list[Worker] = Field(
        description="All workers, by process id. Only `adaptive` knows its connections; with "
        "other strategies `pools` is empty."
    )
    closed_connections: list[ClosedConnection] = Field(
        description="The last 100 of all workers, the latest first."
    )
