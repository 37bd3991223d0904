"""The page for a browser that opens the address of the service."""

from base64 import b64encode
from hashlib import sha256
from html import escape

from flask import Response, request

from app.http.context import settings
from app.http.negotiation import best_match
from app.service import DESCRIPTION, TITLE

STYLE = (
    ":root { color-scheme: light dark; font-family: system-ui, sans-serif; line-height: 1.5 }"
    " body { max-width: 36rem; margin: 2rem auto; padding: 0 1rem }"
    " input, button { font: inherit; padding: 0.3rem 0.6rem }"
)
PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(TITLE)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{escape(TITLE)}</h1>
<p>{escape(DESCRIPTION)}</p>
<form action="/">
<label for="city">Number of a city, by name:</label>
<input id="city" name="city" value="London" required maxlength="200">
<button>Look up</button>
</form>
<ul>
<li><a href="/docs/">API documentation</a>, in which requests can be sent</li>
<li><a href="/openapi.json">OpenAPI document</a></li>
<li><a href="/readyz">Health</a></li>
{{{{ status }}}}</ul>
</main>
</body>
</html>
"""
STATUS = '<li><a href="/status/">Status</a>, for administrators</li>\n'
# The page has no script; its form leads to this service only.
POLICY = "; ".join(
    [
        "default-src 'none'",
        f"style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ]
)


def is_wanted() -> bool:
    """Return whether a browser asks for the service itself, without a query."""
    return not request.args and best_match(("application/json", "text/html")) == "text/html"


def page() -> Response:
    """Return the page."""
    html = PAGE.replace("{{ status }}", STATUS if settings().status_page else "")
    response = Response(html, mimetype="text/html")
    response.headers["Content-Security-Policy"] = POLICY
    response.vary.add("Accept")
    return response
