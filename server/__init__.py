"""What starts the service under a WSGI server; see also `gunicorn.conf.py`."""
