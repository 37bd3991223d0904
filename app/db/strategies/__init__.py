"""The strategies by name. A new one is one file here and one line below.

Each value is a dotted path, the same form as a class of your own in
`DB_STRATEGY`; only the one that is asked for is imported.
"""

STRATEGIES = {
    "adaptive": "app.db.strategies.adaptive.pool:Adaptive",
    "per_query": "app.db.strategies.per_query:PerQuery",
    "per_request": "app.db.strategies.per_request:PerRequest",
    "persistent": "app.db.strategies.persistent:Persistent",
    "pooled": "app.db.strategies.pooled:Pooled",
    "timed": "app.db.strategies.timed:Timed",
    "sqlalchemy": "app.db.strategies.sqlalchemy:SQLAlchemyPool",
    "sqlalchemy_session": "app.db.strategies.sqlalchemy_session:SQLAlchemySession",
    "single": "app.db.strategies.single:Single",
}

# One connection for each thread that uses it, instead of a bounded number for all.
WITHOUT_POOL = frozenset({"per_query", "per_request", "persistent", "timed", "single"})
