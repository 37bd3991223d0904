"""Swagger UI at /docs, served without files from other hosts.

The page comes from flask-swagger-ui. Users enter passwords there, so its Content-Security-Policy
allows only the page's own inline script, by hash.
"""

import re
from base64 import b64encode
from hashlib import sha256

from flask import Blueprint, Response
from flask_swagger_ui import get_swaggerui_blueprint  # type: ignore[import-untyped]

from app.service import TITLE

CONFIG = {
    "app_name": TITLE,
    # A fixed URL makes the page the same on every host; OAuth is not used.
    "oauth2RedirectUrl": "/docs/oauth2-redirect.html",
    "validatorUrl": None,  # otherwise the URL of the document is sent to swagger.io
    "displayRequestDuration": True,
}


def blueprint() -> Blueprint:
    """Return the blueprint of the page and its files."""
    pages: Blueprint = get_swaggerui_blueprint("/docs", "/openapi.json", config=CONFIG)
    pages.after_request(_allow_its_own_script)
    return pages


def _allow_its_own_script(response: Response) -> Response:
    if response.mimetype == "text/html" and not response.direct_passthrough:
        scripts = re.findall(r"<script>(.*?)</script>", response.get_data(as_text=True), re.DOTALL)
        hashes = [b64encode(sha256(text.encode()).digest()).decode() for text in scripts]
        response.headers["Content-Security-Policy"] = "; ".join(
            [
                "default-src 'none'",
                "connect-src 'self'",
                "img-src 'self' data:",
                "style-src 'self' 'unsafe-inline'",  # React writes style attributes
                " ".join(["script-src 'self'", *(f"'sha256-{it}'" for it in hashes)]),
                "frame-ancestors 'none'",
                "base-uri 'none'",
                "form-action 'none'",
            ]
        )
    return response
