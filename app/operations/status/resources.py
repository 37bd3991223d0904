"""The resource `/v1/status`."""

import math

from flask import Response, current_app

from app.db.clock import now
from app.http.api import Resource
from app.http.caller import ADMIN
from app.http.context import database, settings
from app.http.operation import operation
from app.http.preconditions import etag_response
from app.operations.status import server, totals
from app.operations.status.reports import EXTENSION, Report, WorkerReports
from app.operations.status.schemas import (
    Circuit,
    ClosedConnection,
    Duration,
    OpenConnection,
    Pool,
    ServiceStatus,
    Worker,
)

MAX_CLOSED = 100
MAX_CONNECTIONS = 200


class Status(Resource):  # type: ignore[misc]
    """The state of all workers."""

    @operation(roles=ADMIN, response=ServiceStatus)
    def get(self) -> Response:
        """Get the state of all workers and of the database server, as the page `/status` shows it.

        A worker that has not been asked before is included about a second later. Nothing is
        recorded while nobody asks.
        """
        counted = totals.read(current_app.extensions["metrics"])
        asked, problem = server.read(database())
        workers: WorkerReports = current_app.extensions[EXTENSION]
        reports = workers.read_all()
        status = ServiceStatus(
            instance_id=workers.instance_id,
            clock_seconds=now(),
            strategy=settings().db_strategy,
            requests=counted.requests,
            durations=[
                Duration(at_most_seconds=None if limit == math.inf else limit, requests=number)
                for limit, number in sorted(counted.durations.items())
            ],
            statements=counted.statements,
            connection_wait_seconds=counted.connection_wait_seconds,
            server=asked,
            server_problem=problem,
            workers=[_worker(report) for report in reports],
            closed_connections=_closed(reports),
        )
        return etag_response(status.model_dump_json() + "\n")


def _worker(report: Report) -> Worker:
    return Worker(
        process_id=report["process_id"],
        report_age_seconds=now() - report["written_at"],
        pools=[_pool(name, pool) for name, pool in report["pools"].items()],
    )


def _pool(name: str, pool: Report) -> Pool:
    moment, circuit = now(), pool["circuit"]
    opened_at = circuit["opened_at"]
    connections = sorted(pool["connections"], key=lambda it: it["opened_at"])
    in_use = sum(it["is_checked_out"] for it in connections)
    return Pool(
        name=name,
        size=pool["size"],
        idle=len(connections) - in_use,
        in_use=in_use,
        circuit=Circuit(
            is_open=opened_at is not None,
            open_seconds=None if opened_at is None else moment - opened_at,
            error_code=circuit["error_code"],
        ),
        connections=[
            OpenConnection(
                connection_id=it["connection_id"],
                state="in_use" if it["is_checked_out"] else "idle",
                age_seconds=moment - it["opened_at"],
                state_seconds=moment - it["since"],
            )
            for it in connections[:MAX_CONNECTIONS]
        ],
    )


def _closed(reports: list[Report]) -> list[ClosedConnection]:
    """Return the last closed connections of all workers, the latest first."""
    found = [
        (it["closed_at"], report["process_id"], name, it)
        for report in reports
        for name, pool in report["pools"].items()
        for it in pool["closed"]
    ]
    found.sort(key=lambda it: it[0], reverse=True)
    moment = now()
    return [
        ClosedConnection(
            process_id=process_id, pool=name, closed_seconds_ago=moment - closed_at, **closed
        )
        for closed_at, process_id, name, closed in found[:MAX_CLOSED]
    ]
