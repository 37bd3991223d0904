"""Imports of files with many students, from the command line.

`lines.py` reads a file, `records.py` makes students of it, `run.py` stores them, `queries.py` keeps
how far it came, `report.py` what was rejected, `commands.py` is the command.
"""
