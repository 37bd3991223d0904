"""Addresses, which are embedded in campuses, staff and students and have no URLs of their own."""
