"""What people would pick instead, each in its shortest idiomatic form, without sign-in or logs.

Every peer answers `/city?city=London`, `/students/<id>` and `/students?limit=100` from the same
tables. The address of the database is in the environment: DB_HOST, DB_PORT, DB_USER, DB_NAME.
"""
