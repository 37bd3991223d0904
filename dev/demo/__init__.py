"""make demo: strategies compared side by side while faults strike their database connections.

`options` reads the command line, `stage` starts the server and one copy of the service for each
strategy, `traffic` sends requests, `faults` breaks connections, `board` counts, `live` and `plain`
show the counts while the demo runs, `summary` at its end, and `recording` draws them as a picture.
"""
