"""Courses, and who teaches them."""
