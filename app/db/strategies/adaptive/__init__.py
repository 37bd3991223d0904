"""`adaptive`: a pool, what it keeps, when it opens, what it leaves behind, and what it tells."""
