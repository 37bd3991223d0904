"""Every URL on one screen."""

from flask import Flask

from app.attempts.resources import AtData, Attempt, Attempts
from app.auth.resources import Tokens
from app.campuses.resources import Campus, Campuses
from app.cities.resources import Cities, City, CityLookup
from app.countries.resources import Countries, Country
from app.enrollments.resources import Enrollment, Enrollments
from app.http.restful import Api
from app.openapi.resources import Document
from app.operations.health import Livez, Readyz
from app.reports.resources import (
    Average,
    CourseResults,
    CoursesResults,
    HonorsReport,
    StudentProgress,
)
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
    api.add_resource(Student, "/v1/students/<key:student_id>")
    api.add_resource(AtData, "/v1/students/<key:student_id>/at-data")

    api.add_resource(Enrollments, "/v1/enrollments")
    api.add_resource(Enrollment, "/v1/enrollments/<key:enrollment_id>")
    api.add_resource(Attempts, "/v1/attempts")
    api.add_resource(Attempt, "/v1/attempts/<key:attempt_id>")

    api.add_resource(StudentProgress, "/v1/students/<key:student_id>/progress")
    api.add_resource(Average, "/v1/students/<key:student_id>/average")
    api.add_resource(CourseResults, "/v1/courses/<key:course_id>/results")
    api.add_resource(CoursesResults, "/v1/reports/course-results")
    api.add_resource(HonorsReport, "/v1/reports/honors")
