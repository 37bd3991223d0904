"""Galera: the state of the node, and settings under which it loses or invents data.

Sources: MariaDB, "Galera Cluster System Variables", "wsrep_provider_options" and "Galera Cluster
Status Variables".
"""

import re

from app.db.transaction import Reader
from app.operations.cluster.variables import Expected, is_one_of, settings_finding, shown
from app.operations.finding import Finding
from app.settings import Settings

VARIABLES = "SHOW GLOBAL VARIABLES"
STATUS = "SHOW GLOBAL STATUS LIKE 'wsrep_%'"
SESSION_WAIT = "SHOW SESSION VARIABLES LIKE 'wsrep_sync_wait'"

SETTINGS = (
    Expected("wsrep_on", is_one_of("ON"), "set wsrep_on=ON: changes are not replicated"),
    Expected(
        "innodb_autoinc_lock_mode",
        is_one_of("2"),
        "set innodb_autoinc_lock_mode=2: other modes fail with deadlocks while changes of other "
        "nodes are applied",
    ),
    Expected("binlog_format", is_one_of("ROW"), "set binlog_format=ROW: Galera supports no other"),
    Expected(
        "wsrep_certify_nonPK",
        is_one_of("ON"),
        "set wsrep_certify_nonPK=ON: changes of tables without a primary key are not checked",
    ),
    Expected(
        "wsrep_auto_increment_control",
        is_one_of("ON"),
        "set wsrep_auto_increment_control=ON: two nodes assign the same keys",
    ),
    Expected(
        "wsrep_dirty_reads",
        is_one_of("OFF"),
        "set wsrep_dirty_reads=OFF: a partitioned node returns old rows",
    ),
    Expected(
        "log_bin_trust_function_creators",
        is_one_of("ON"),
        "set log_bin_trust_function_creators=ON on every node: the migrations create functions "
        "and triggers, without SUPER",
    ),
)
# In wsrep_provider_options. With either of them, both halves of a partitioned cluster commit.
PROVIDER_OPTIONS = ("pc.ignore_quorum", "pc.ignore_sb")
_SECONDS = re.compile(r"PT(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?")


def examine(reader: Reader, settings: Settings) -> list[Finding]:
    """Return the findings; none unless the server has loaded a Galera provider."""
    variables = shown(reader, VARIABLES)
    if variables.get("wsrep_provider", "none") in {"", "none"}:
        return []
    wait = next(iter(shown(reader, SESSION_WAIT).values()), "0")
    return [
        _node(variables, shown(reader, STATUS), settings),
        settings_finding("Galera settings", SETTINGS, variables),
        _split_brain(variables),
        _reads(variables, wait, settings),
    ]


def _node(variables: dict[str, str], status: dict[str, str], settings: Settings) -> Finding:
    found = {name: status.get(f"wsrep_{name}", "?") for name in ("cluster_status", "ready")}
    state, size = status.get("wsrep_local_state_comment"), status.get("wsrep_cluster_size")
    observed = (
        f"Galera node {variables.get('wsrep_node_name')}: {found['cluster_status']}, {state}, "
        f"{size} nodes, auto_increment_increment={variables.get('auto_increment_increment')}"
    )
    rejects = variables.get("wsrep_reject_queries", "NONE")
    reasons = [
        *(f"wsrep_{name}={found[name]}" for name in found if found[name] not in {"Primary", "ON"}),
        *([f"wsrep_reject_queries={rejects}"] if rejects != "NONE" else []),
    ]
    if not reasons:
        return Finding("cluster", observed)
    remedy = (
        f"the node rejects all statements ({', '.join(reasons)}): connect to a node of the "
        "primary component, or restore this one"
    )
    error = f"DATABASE_URL='{settings.database_url}': {remedy}"
    return Finding("cluster", observed, remedy, error)


def _split_brain(variables: dict[str, str]) -> Finding:
    options = _provider_options(variables)
    observed = ", ".join(f"{name}={options.get(name, '?')}" for name in PROVIDER_OPTIONS)
    wrong = [name for name in PROVIDER_OPTIONS if options.get(name) in {"true", "yes", "1", "on"}]
    remedy = f"remove {', '.join(wrong)}: both halves of a partitioned cluster would commit"
    return Finding("quorum", observed, remedy if wrong else "")


def _reads(variables: dict[str, str], wait: str, settings: Settings) -> Finding:
    name, observed = (
        "DB_READ_CONSISTENCY",
        f"{settings.db_read_consistency} (wsrep_sync_wait={wait})",
    )
    if settings.db_read_consistency == "eventual":
        observed += "; reads may not see what was written through another node"
        remedy = (
            "the server's own wsrep_sync_wait also delays /readyz while a node is unreachable: set "
            "it to 0 and DB_READ_CONSISTENCY to causal"
        )
        return Finding(name, observed, "" if wait == "0" else remedy)
    limit = _seconds(_provider_options(variables).get("repl.causal_read_timeout", ""))
    observed += f", repl.causal_read_timeout={limit:g} s"
    remedy = (
        "a read that waits for the cluster would be abandoned first: set repl.causal_read_timeout "
        f"below DB_READ_TIMEOUT_SECONDS ({settings.db_read_timeout_seconds:g})"
    )
    return Finding(name, observed, remedy if limit >= settings.db_read_timeout_seconds else "")


def _provider_options(variables: dict[str, str]) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in variables["wsrep_provider_options"].split(";"))
    return {name.strip(): value.strip().lower() for name, _, value in pairs if name.strip()}


def _seconds(period: str) -> float:
    """Return the seconds of an ISO 8601 period such as PT1M30S."""
    found = _SECONDS.fullmatch(period.upper())
    hours, minutes, seconds = found.groups() if found else (None, None, None)
    return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds or 0)
