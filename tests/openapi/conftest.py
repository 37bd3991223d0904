"""The OpenAPI document of the application; no database server is needed."""

import pytest

from app import create_app
from app.openapi.document import document
from tests.support.database import settings_for


@pytest.fixture(scope="package")
def openapi_document():
    return document(create_app(settings_for("mysql://nobody@127.0.0.1:1/nothing")))
