"""The faults, each a few lines: what is warmed up, what strikes, and what is counted."""
