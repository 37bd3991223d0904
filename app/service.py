"""The names of this service. `make rename` changes them, here and in the files that repeat them.

It must import nothing: dev/names.py reads it before the virtual environment exists.
"""

NAME = "student-data"
TITLE = "student-data-service"
PACKAGE = "student-data-service"  # in pyproject.toml
DESCRIPTION = "Students, courses, enrollments and attempts, on a schema in the style of Sakila."
DATABASE = "students"  # created by `make serve`

REALM = NAME  # in WWW-Authenticate
AUDIENCE = NAME  # of access tokens
PROBLEM_TYPE = f"urn:{NAME}:problem:"  # prefix of RFC 9457 problem types
