"""Campuses."""
