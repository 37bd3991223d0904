"""Seen from outside: logs, metrics, tracing, health, the doctor, what is checked at the start."""
