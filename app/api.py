"""Every URL on one screen."""

from flask import Flask

from app.attempts.resources import AtData
from app.auth.resources import Tokens
from app.cities.resources import CityLookup
from app.http.restful import Api
from app.operations.health import Livez, Readyz
from app.operations.metrics import MetricsPage
from app.students.resources import Student, Students


def register(app: Flask) -> None:
    """Add all resources to the application."""
    api = Api(app)
    api.add_resource(CityLookup, "/")
    api.add_resource(Livez, "/livez")
    api.add_resource(Readyz, "/readyz")
    api.add_resource(MetricsPage, "/metrics")
    api.add_resource(Tokens, "/v1/tokens")
    api.add_resource(Students, "/v1/students")
    api.add_resource(Student, "/v1/students/<int:student_id>")
    api.add_resource(AtData, "/v1/students/<int:student_id>/at-data")
