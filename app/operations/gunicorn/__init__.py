"""Extensions of gunicorn, imported by `gunicorn.conf.py` only.

They use no private attribute: what would need one is documented in docs/deployment.md instead.
"""
