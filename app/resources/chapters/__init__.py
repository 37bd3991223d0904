"""Chapters of courses."""
