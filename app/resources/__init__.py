"""The resources of the API, one package each.

`resources.py` contains the HTTP operations, `schemas.py` the request and response schemas, and
`queries.py` the SQL.
"""
