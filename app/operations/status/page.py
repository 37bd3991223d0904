"""The page at /status, and what the application needs for it.

It draws with uPlot. `uplot/` contains files of its npm package (`npm pack uplot`), unchanged; a
test has their hashes. Users enter passwords on the page, so its Content-Security-Policy allows
files of this service only.
"""

from pathlib import Path

from flask import Flask

from app.http import pages
from app.operations import metrics
from app.operations.status.reports import EXTENSION, WorkerReports

PAGE = Path(__file__).parent / "page"
UPLOT = Path(__file__).parent / "uplot"


def register(app: Flask) -> None:
    """Register the page; the workers report their connections while somebody watches."""
    snapshots = app.extensions["database"].snapshots
    app.extensions[EXTENSION] = WorkerReports(snapshots, metrics.folder())
    app.register_blueprint(pages.blueprint("status", PAGE, UPLOT))
