"""The project's gunicorn.conf.py without its look at the database before the first fork.

For a service whose database cannot be found: it would not start, which is right, and what it
does when that happens later could not be seen.
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
