"""Countries (read-only)."""
