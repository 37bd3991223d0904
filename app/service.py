"""The names of this service, in one place: rename it here."""

NAME = "student-data"
TITLE = "student-data-service"
DESCRIPTION = "Students, courses, enrollments and attempts, on a schema in the style of Sakila."
DATABASE = "students"  # the one that `make serve` creates

REALM = NAME  # of WWW-Authenticate
AUDIENCE = NAME  # of access tokens
PROBLEM_TYPE = f"urn:{NAME}:problem:"  # of RFC 9457 problems
