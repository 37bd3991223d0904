"""The document over HTTP."""

import json

from flask import Flask, Response, current_app

from app.http.api import Resource
from app.http.caller import PUBLIC
from app.http.operation import operation
from app.http.preconditions import etag_response
from app.openapi.document import document


class Document(Resource):  # type: ignore[misc]
    """This service, described for programs."""

    @operation(roles=PUBLIC, response=dict)
    def get(self) -> Response:
        """Read the OpenAPI document of this service."""
        return etag_response(text_of(current_app))


def text_of(app: Flask) -> str:
    """Give the document as JSON; built at the first request for it."""
    if "openapi" not in app.extensions:
        app.extensions["openapi"] = json.dumps(document(app), ensure_ascii=False) + "\n"
    text: str = app.extensions["openapi"]
    return text
