"""Alternatives to the service, each in its shortest idiomatic form, without authentication or logs.

Each peer serves some of `/city?city=London`, `/students/<id>` and `/students?limit=100` from the
same tables. The environment variables DB_HOST, DB_PORT, DB_USER, DB_PASSWORD and DB_NAME name the
database.
"""
