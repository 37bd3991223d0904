"""Import of students from large files, from the command line.

`lines.py` reads the lines of a file, `records.py` parses and validates students, `run.py` stores
them, `queries.py` stores the progress, `report.py` writes the rejected lines, and `commands.py` is
the command.
"""
