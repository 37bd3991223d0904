"""Which client address and scheme count where the service stands behind proxies.

X-Forwarded-For is written by everybody on the way, the client included: only the last
TRUSTED_PROXIES entries are our own proxies' words.
"""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix


def register(app: Flask, trusted: int) -> None:
    """Believe so many proxies; none of them by default."""
    if trusted:
        fixed = ProxyFix(app.wsgi_app, x_for=trusted, x_proto=trusted)
        app.wsgi_app = fixed  # type: ignore[method-assign]
