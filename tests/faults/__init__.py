"""Fault injection: database connections are broken in every known way under the real service.

Tools, each of which can also be used alone to test another program, besides those in `dev.faults`:

    haproxy      a real HAProxy with idle timeouts
    admin        the database administrator: KILL, SIGSTOP, server variables, passwords
    load         HTTP clients that read and write, and record each response and its duration
    ledger       comparison of the database with what the clients were told

`catalog` lists the faults, `variants` the connection strategies. `cell` runs one fault against one
strategy through gunicorn; together the cells form the fault matrix. `expected_outcomes.toml` holds
the expected outcome of each cell. `make matrix` runs `matrix`, `make soak` runs `soak`.
"""
