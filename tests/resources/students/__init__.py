"""Batches, exports and imports of students."""
