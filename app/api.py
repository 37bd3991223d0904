"""Every URL on one screen."""

from flask import Flask

from app.attempts.resources import AtData
from app.auth.resources import Tokens
from app.campuses.resources import Campus, Campuses
from app.cities.resources import Cities, City, CityLookup
from app.countries.resources import Countries, Country
from app.http.restful import Api
from app.openapi.resources import Document
from app.operations.health import Livez, Readyz
from app.students.batch import StudentBatch
from app.students.export import StudentExport
from app.students.resources import Student, Students


def register(app: Flask) -> None:
    """Add all resources to the application."""
    api = Api(app)
    api.add_resource(CityLookup, "/")
    api.add_resource(Livez, "/livez")
    api.add_resource(Readyz, "/readyz")
    api.add_resource(Document, "/openapi.json")

    api.add_resource(Tokens, "/v1/tokens")

    api.add_resource(Countries, "/v1/countries")
    api.add_resource(Country, "/v1/countries/<key:country_id>")
    api.add_resource(Cities, "/v1/cities")
    api.add_resource(City, "/v1/cities/<key:city_id>")
    api.add_resource(Campuses, "/v1/campuses")
    api.add_resource(Campus, "/v1/campuses/<key:campus_id>")

    api.add_resource(Students, "/v1/students")
    api.add_resource(StudentBatch, "/v1/students:batch")
    api.add_resource(StudentExport, "/v1/students/export")
    api.add_resource(Student, "/v1/students/<key:student_id>")
    api.add_resource(AtData, "/v1/students/<key:student_id>/at-data")
