"""Cities (read-only)."""
