"""Fault injections: each warms up the connections, injects the fault, and sends requests."""
