"""The resource `/openapi.json`."""

import json

from flask import Flask, Response, current_app

from app.http.api import Resource
from app.http.caller import PUBLIC
from app.http.operation import operation
from app.http.preconditions import etag_response
from app.openapi.document import document


class Document(Resource):  # type: ignore[misc]
    """The OpenAPI document."""

    @operation(roles=PUBLIC, response=dict)
    def get(self) -> Response:
        """Get the OpenAPI document of this service."""
        return etag_response(_document_json(current_app))


def _document_json(app: Flask) -> str:
    """Return the document as JSON text; it is generated on the first request."""
    if "openapi" not in app.extensions:
        app.extensions["openapi"] = json.dumps(document(app), ensure_ascii=False) + "\n"
    text: str = app.extensions["openapi"]
    return text
