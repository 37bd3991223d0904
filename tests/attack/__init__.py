"""Hostile clients: requests of every class of attack, sent from outside over real sockets.

Each module of `requests` yields the messages of one class of attack; clients that occupy
connections are in `tests.support.slow_clients`. Meanwhile, `probes` measures how the service
responds to other clients, and `memory` how large the workers become. `make attack` runs everything
(`__main__`) and compares the results with `limits`; `test_attack` runs a small part.
"""
