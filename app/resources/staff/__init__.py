"""Members of staff of the campuses."""
