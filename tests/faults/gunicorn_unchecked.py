"""The project's gunicorn.conf.py without the database check before the first fork.

Used if the database host name cannot be resolved: with the check, the service would rightly not
start, and its behavior under that fault could not be measured.
"""

from runpy import run_path

from tests.support.service import PROJECT

globals().update(
    {
        name: value
        for name, value in run_path(str(PROJECT / "gunicorn.conf.py")).items()
        if name != "on_starting" and not name.startswith("__")
    }
)
