"""Students, including batch creation, export and import."""
