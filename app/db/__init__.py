"""The way to the server: connector, strategies, and `Database`, the only door."""
