"""Attempts at assessments."""
