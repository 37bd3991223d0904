"""gunicorn's logger, for an application that writes a line for each request itself."""

from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]


class QuietLogger(Logger):  # type: ignore[misc]
    """gunicorn's logger without its access log: the application writes a line for each request.

    What never reaches the application, such as a malformed request line, is still a warning.
    """

    access_log_enabled = False

    def access(self, *_: Any) -> None:
        """Leave it to `app.operations.requests`."""
