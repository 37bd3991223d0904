"""Enrollments of students in courses."""
