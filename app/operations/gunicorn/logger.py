"""gunicorn's logger without its access log."""

from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]


class QuietLogger(Logger):  # type: ignore[misc]
    """A logger without an access log, since the application logs each request.

    Requests that never reach the application, such as malformed ones, are still logged as warnings.
    """

    access_log_enabled = False

    def access(self, *_: Any) -> None:
        """Do nothing: `app.operations.requests` logs the request."""
