"""Countries: read only."""
