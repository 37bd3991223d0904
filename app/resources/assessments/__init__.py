"""Assessments of chapters."""
