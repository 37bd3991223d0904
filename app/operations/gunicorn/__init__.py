"""Extensions of gunicorn, imported by `gunicorn.conf.py` only; they use no private attributes."""
