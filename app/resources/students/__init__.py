"""Students: the resource that all others resemble.

`resources.py` is HTTP, `schemas.py` says what valid input is, `queries.py` is SQL.
"""
