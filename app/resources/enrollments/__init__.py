"""Enrollments: a student takes a course."""
