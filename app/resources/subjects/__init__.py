"""Subjects that courses belong to."""
