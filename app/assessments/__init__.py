"""Assessments of the chapters."""
