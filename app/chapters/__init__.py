"""Chapters of the courses."""
