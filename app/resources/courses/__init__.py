"""Courses, their subjects and their teachers."""
