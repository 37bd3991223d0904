"""Hostile clients: requests of every class of attack, sent from outside over real sockets.

Each module of `requests` yields the messages of one class of attack; `slow_clients` are those that
occupy connections. Meanwhile, `probes` measures how the service responds to other clients, and
`memory` how large the workers become. `make attack` runs everything (`__main__`) and compares the
results with `limits`; `test_attack` runs a small part.
"""
