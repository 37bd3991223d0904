"""The student-data service."""
