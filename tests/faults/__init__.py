"""Every way in which a connection dies, made to happen for real, and what the clients saw of it.

The tools, each usable alone to test a program of your own:

    proxy      a network that delays, cuts, resets, goes deaf, swallows one answer, says 4031
    flows      a firewall that forgets or resets chosen TCP flows (iptables, always cleaned up)
    haproxy    a real HAProxy that closes idle connections
    control    the database server: killed sessions, a pause, its settings and their way back
    load       clients that read and write, and note every answer and its time
    ledger     what the database holds, compared with what the clients were told

What is made of them: `table` lists the faults, `variants` the strategies, `cell` runs one against
the other through gunicorn, `expected.toml` says what is to come out, `matrix` and `soak` are the
commands behind `make matrix` and `make soak`.
"""
