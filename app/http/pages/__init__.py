"""HTML pages with scripts, on which users sign in, without files from other hosts.

    app.register_blueprint(pages.blueprint("status", PAGE, LIBRARY))   # /status/

A page is a folder with an `index.html`. `{{ title }}` in it is replaced by the title of the
service, `{{ sign-in }}` by the form of `shared/`, whose script keeps the user signed in on all
pages. The files of the page, of `shared/` and of its libraries have URLs below the page's own.
"""

from html import escape
from pathlib import Path

from flask import Blueprint, Response, abort, send_from_directory

from app.service import TITLE

SHARED = Path(__file__).parent / "shared"


def blueprint(name: str, page: Path, *libraries: Path, styles: str = "'self'") -> Blueprint:
    """Return the blueprint of a page at `/<name>/`.

    `styles` is the source list of `style-src` in its Content-Security-Policy.
    """
    pages = Blueprint(f"{name}_page", __name__, url_prefix=f"/{name}")
    files = _files(page, SHARED, *libraries)
    html = (page / "index.html").read_text().replace("{{ title }}", escape(TITLE))
    html = html.replace("{{ sign-in }}", (SHARED / "sign-in.html").read_text())
    policy = _policy(styles)

    @pages.get("/")
    def index() -> Response:
        response = Response(html, mimetype="text/html")
        response.headers["Content-Security-Policy"] = policy
        return response

    @pages.get("/<path:name>")
    def file(name: str) -> Response:
        return send_from_directory(files[name], name) if name in files else abort(404)

    return pages


def _files(*folders: Path) -> dict[str, Path]:
    """Return the folder of each file; the first one that has a file of this name."""
    return {
        file.name: folder
        for folder in reversed(folders)
        for file in folder.iterdir()
        if file.is_file() and file.suffix != ".html"
    }


def _policy(styles: str) -> str:
    return "; ".join(
        [
            "default-src 'none'",
            "connect-src 'self'",
            "img-src 'self' data:",
            f"style-src {styles}",
            "script-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
