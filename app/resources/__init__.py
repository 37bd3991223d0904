"""The resources of the API: `resources.py` is HTTP, `schemas.py` valid input, `queries.py` SQL."""
