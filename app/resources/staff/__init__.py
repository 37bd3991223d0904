"""Staff of the campuses."""
