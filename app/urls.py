"""All URLs of the service."""

from flask import Flask

from app.auth.resources import CurrentUser, Password, Refresh, Revoke, Tokens
from app.auth.users.resources import User, UserPassword, Users
from app.http.api import Api
from app.http.middleware import paths
from app.openapi import swagger_ui
from app.openapi.resources import Document
from app.operations.health import Livez, Readyz
from app.operations.metrics import MetricsPage
from app.operations.status import page as status_page
from app.operations.status.resources import Status
from app.resources.assessments.resources import Assessment, Assessments, ChapterAssessments
from app.resources.attempts.resources import AtData, Attempt, Attempts
from app.resources.campuses.resources import Campus, Campuses
from app.resources.chapters.resources import Chapter, Chapters, CourseChapters
from app.resources.cities.resources import Cities, City, CityLookup
from app.resources.countries.resources import Countries, Country
from app.resources.courses.resources import Course, Courses, CourseStaff, CourseSubject
from app.resources.enrollments.resources import Enrollment, Enrollments
from app.resources.reports.resources import (
    Average,
    CourseResults,
    CoursesResults,
    HonorsReport,
    StudentProgress,
)
from app.resources.staff.resources import StaffMember, StaffMembers
from app.resources.students.batch import StudentBatch
from app.resources.students.export import StudentExport
from app.resources.students.resources import Student, Students
from app.resources.subjects.resources import Subject, Subjects


def register(app: Flask) -> None:
    """Register all resources with the application."""
    paths.register(app)
    api = Api(app)
    app.register_blueprint(swagger_ui.blueprint())  # /docs
    _add_service(api)
    if app.extensions["settings"].status_page:
        status_page.register(app)  # /status
        api.add_resource(Status, "/v1/status")
    _add_resources(api)


def _add_service(api: Api) -> None:
    api.add_resource(CityLookup, "/")
    api.add_resource(Livez, "/livez")
    api.add_resource(Readyz, "/readyz")
    api.add_resource(MetricsPage, "/metrics")
    api.add_resource(Document, "/openapi.json")

    api.add_resource(Tokens, "/v1/tokens")
    api.add_resource(Refresh, "/v1/tokens/refresh")
    api.add_resource(Revoke, "/v1/tokens/revoke")
    api.add_resource(Users, "/v1/users")
    api.add_resource(User, "/v1/users/<key:api_user_id>")
    api.add_resource(UserPassword, "/v1/users/<key:api_user_id>/password")
    api.add_resource(CurrentUser, "/v1/users/me")
    api.add_resource(Password, "/v1/users/me/password")


def _add_resources(api: Api) -> None:
    api.add_resource(Countries, "/v1/countries")
    api.add_resource(Country, "/v1/countries/<key:country_id>")
    api.add_resource(Cities, "/v1/cities")
    api.add_resource(City, "/v1/cities/<key:city_id>")
    api.add_resource(Campuses, "/v1/campuses")
    api.add_resource(Campus, "/v1/campuses/<key:campus_id>")

    api.add_resource(StaffMembers, "/v1/staff")
    api.add_resource(StaffMember, "/v1/staff/<key:staff_id>")
    api.add_resource(Students, "/v1/students")
    api.add_resource(StudentBatch, "/v1/students:batch")
    api.add_resource(StudentExport, "/v1/students/export")
    api.add_resource(Student, "/v1/students/<key:student_id>")
    api.add_resource(StudentProgress, "/v1/students/<key:student_id>/progress")
    api.add_resource(Average, "/v1/students/<key:student_id>/average")
    api.add_resource(AtData, "/v1/students/<key:student_id>/at-data")

    api.add_resource(Subjects, "/v1/subjects")
    api.add_resource(Subject, "/v1/subjects/<key:subject_id>")
    api.add_resource(Courses, "/v1/courses")
    api.add_resource(Course, "/v1/courses/<key:course_id>")
    api.add_resource(CourseSubject, "/v1/courses/<key:course_id>/subjects/<key:subject_id>")
    api.add_resource(CourseStaff, "/v1/courses/<key:course_id>/staff/<key:staff_id>")
    api.add_resource(CourseResults, "/v1/courses/<key:course_id>/results")
    api.add_resource(CourseChapters, "/v1/courses/<key:course_id>/chapters")
    api.add_resource(Chapters, "/v1/chapters")
    api.add_resource(Chapter, "/v1/chapters/<key:chapter_id>")
    api.add_resource(ChapterAssessments, "/v1/chapters/<key:chapter_id>/assessments")
    api.add_resource(Assessments, "/v1/assessments")
    api.add_resource(Assessment, "/v1/assessments/<key:assessment_id>")

    api.add_resource(Enrollments, "/v1/enrollments")
    api.add_resource(Enrollment, "/v1/enrollments/<key:enrollment_id>")
    api.add_resource(Attempts, "/v1/attempts")
    api.add_resource(Attempt, "/v1/attempts/<key:attempt_id>")

    api.add_resource(CoursesResults, "/v1/reports/course-results")
    api.add_resource(HonorsReport, "/v1/reports/honors")
