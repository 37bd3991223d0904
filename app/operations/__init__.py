"""Seen from outside: health, the doctor, logs."""
