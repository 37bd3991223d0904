"""Swagger UI at /docs, served without files from other hosts.

The page and its script are in `page/`, Swagger UI itself comes from the package flask-swagger-ui.
Users enter passwords there, so the Content-Security-Policy allows files of this service only.
"""

from html import escape
from pathlib import Path

import flask_swagger_ui  # type: ignore[import-untyped]
from flask import Blueprint, Response, send_from_directory

from app.service import TITLE

PAGE = Path(__file__).parent / "page"
SWAGGER_UI = Path(flask_swagger_ui.__file__).parent / "dist"
OWN_FILES = {"page.css", "page.js"}
POLICY = "; ".join(
    [
        "default-src 'none'",
        "connect-src 'self'",
        "img-src 'self' data:",
        "style-src 'self' 'unsafe-inline'",  # React writes style attributes
        "script-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action 'none'",
    ]
)


def blueprint() -> Blueprint:
    """Return the blueprint of the page and its files."""
    pages = Blueprint("swagger_ui", __name__, url_prefix="/docs")
    html = (PAGE / "index.html").read_text().replace("{{ title }}", escape(TITLE))

    @pages.get("/")
    def index() -> Response:
        response = Response(html, mimetype="text/html")
        response.headers["Content-Security-Policy"] = POLICY
        return response

    @pages.get("/<path:name>")
    def file(name: str) -> Response:
        return send_from_directory(PAGE if name in OWN_FILES else SWAGGER_UI, name)

    return pages
