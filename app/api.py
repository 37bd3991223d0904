"""Every URL on one screen."""

from flask import Flask

from app.attempts.resources import AtData
from app.auth.resources import Password, Refresh, Revoke, Tokens
from app.cities.resources import CityLookup
from app.http.restful import Api
from app.operations.health import Livez, Readyz
from app.students.resources import Student, Students


def register(app: Flask) -> None:
    """Add all resources to the application."""
    api = Api(app)
    api.add_resource(CityLookup, "/")
    api.add_resource(Livez, "/livez")
    api.add_resource(Readyz, "/readyz")
    api.add_resource(Tokens, "/v1/tokens")
    api.add_resource(Refresh, "/v1/tokens/refresh")
    api.add_resource(Revoke, "/v1/tokens/revoke")
    api.add_resource(Password, "/v1/users/me/password")
    api.add_resource(Students, "/v1/students")
    api.add_resource(Student, "/v1/students/<int:student_id>")
    api.add_resource(AtData, "/v1/students/<int:student_id>/at-data")
