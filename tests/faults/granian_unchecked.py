"""server.granian without the database check before the first fork; see `gunicorn_unchecked`."""

import sys

import server.granian
from app.operations import startup_checks

if __name__ == "__main__":
    startup_checks.check = lambda *_: None
    server.granian.main(*sys.argv[1:])
