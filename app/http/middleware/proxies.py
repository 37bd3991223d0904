"""Client address and scheme behind reverse proxies.

Anyone, including the client, can add entries to X-Forwarded-For; only the last TRUSTED_PROXIES
entries were added by trusted proxies.
"""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix


def register(app: Flask, trusted_proxies: int) -> None:
    """Use the headers set by this number of proxies; with 0, ignore them."""
    if trusted_proxies:
        fixed = ProxyFix(app.wsgi_app, x_for=trusted_proxies, x_proto=trusted_proxies)
        app.wsgi_app = fixed  # type: ignore[method-assign]
