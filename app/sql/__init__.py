"""SQL statements built from declarations."""
