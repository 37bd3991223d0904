"""Checks of the cluster that the server belongs to, if any, for `flask doctor`.

They use only statements that a node answers while it rejects all others.
"""

from app.db.transaction import Reader
from app.operations.cluster import galera, group_replication
from app.operations.finding import Finding
from app.settings import Settings

ENGINES = (galera, group_replication)


def examine(reader: Reader, settings: Settings) -> list[Finding]:
    """Return the findings about the node and its settings; none without a cluster."""
    return [finding for engine in ENGINES for finding in engine.examine(reader, settings)]
