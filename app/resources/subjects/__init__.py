"""Subjects of courses."""
