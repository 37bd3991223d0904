"""The strategies by name. A new one is one file here and one line below.

Each value is an import path, the form in which a user's own class is named too. Only the one that
is used is imported.
"""

STRATEGIES = {
    "adaptive": f"{__name__}.adaptive.pool:Adaptive",
    "per_query": f"{__name__}.per_query:PerQuery",
    "per_request": f"{__name__}.per_request:PerRequest",
    "persistent": f"{__name__}.persistent:Persistent",
    "pooled": f"{__name__}.pooled:Pooled",
    "timed": f"{__name__}.timed:Timed",
    "sqlalchemy": f"{__name__}.sqlalchemy:SQLAlchemyPool",
    "sqlalchemy_session": f"{__name__}.sqlalchemy_session:SQLAlchemySession",
    "single": f"{__name__}.single:Single",
}

# One connection for each thread that uses it, instead of a bounded number for all.
WITHOUT_POOL = frozenset({"per_query", "per_request", "persistent", "timed", "single"})
