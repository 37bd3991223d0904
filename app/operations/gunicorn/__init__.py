"""gunicorn's own parts, where they would speak another language, or ask the kernel for too much.

Imported by `gunicorn.conf.py` alone: no other server needs it.
"""
