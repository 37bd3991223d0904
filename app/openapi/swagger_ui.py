"""Swagger UI at /docs, served without files from other hosts.

The page and its script are in `page/`, Swagger UI itself comes from the package flask-swagger-ui.
Users enter passwords there, so the Content-Security-Policy allows files of this service only.
"""

from pathlib import Path

import flask_swagger_ui  # type: ignore[import-untyped]
from flask import Blueprint

from app.http import pages

PAGE = Path(__file__).parent / "page"
SWAGGER_UI = Path(flask_swagger_ui.__file__).parent / "dist"


def blueprint() -> Blueprint:
    """Return the blueprint of the page and its files."""
    # React writes style attributes.
    return pages.blueprint("docs", PAGE, SWAGGER_UI, styles="'self' 'unsafe-inline'")
