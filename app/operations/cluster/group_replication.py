"""Group Replication: the state of the member, and settings under which a failure lasts too long.

Sources: MySQL, "Group Replication System Variables", "Responses to Failure Detection and Network
Partitioning", "Transaction Consistency Guarantees".
"""

from app.db.errors import StatementRejected
from app.db.transaction import Reader
from app.operations.cluster.variables import Expected, is_one_of, settings_finding, shown
from app.operations.finding import Finding
from app.settings import Settings

VARIABLES = "SHOW GLOBAL VARIABLES LIKE 'group_replication_%'"
MEMBERS = """
    SELECT member_id = @@server_uuid AS is_own, member_state AS state, member_role AS role
    FROM performance_schema.replication_group_members
"""

SETTINGS = (
    Expected(
        "group_replication_single_primary_mode",
        is_one_of("ON"),
        "set group_replication_single_primary_mode=ON: cascading foreign keys are rejected (3098)",
    ),
    Expected(
        "group_replication_unreachable_majority_timeout",
        lambda value: value != "0",
        "set group_replication_unreachable_majority_timeout to a few seconds: a COMMIT on a "
        "partitioned primary blocks until it expires, with 0 forever",
    ),
    Expected(
        "group_replication_exit_state_action",
        is_one_of("OFFLINE_MODE", "ABORT_SERVER"),
        "set group_replication_exit_state_action=OFFLINE_MODE: a member that left the group goes "
        "on answering reads",
    ),
    Expected(
        "group_replication_consistency",
        lambda value: value != "EVENTUAL",
        "set group_replication_consistency=BEFORE_ON_PRIMARY_FAILOVER: a new primary would answer "
        "before it has applied all transactions of the last one",
    ),
)


def examine(reader: Reader, settings: Settings) -> list[Finding]:
    """Return the findings; none unless the server is configured for a group."""
    variables = shown(reader, VARIABLES)
    if not variables.get("group_replication_group_name"):
        return []
    return [
        _member(reader),
        settings_finding("Group Replication", SETTINGS, variables),
        Finding("DB_READ_CONSISTENCY", settings.db_read_consistency),
    ]


def _member(reader: Reader) -> Finding:
    try:
        members = reader.fetch_all(MEMBERS)
    except StatementRejected:
        observed = "a member of a group; its state can be seen only with SELECT on "
        return Finding("cluster", f"{observed}performance_schema.replication_group_members")
    own = next((row for row in members if row["is_own"]), {"state": "OFFLINE", "role": ""})
    online = sum(row["state"] == "ONLINE" for row in members)
    state = ", ".join(filter(None, [own["state"], own["role"]]))
    observed = f"Group Replication: {state}, {online} of {len(members)} members online"
    if own["state"] == "ONLINE" and 2 * online > len(members):
        return Finding("cluster", observed)
    remedy = "the member is not part of the group's majority: connect to one that is"
    return Finding("cluster", observed, remedy)
