"""Run a cluster on this machine: make cluster, or make cluster ENGINE=mysql.

Starts three database servers, HAProxy, two replicas of the service and HAProxy in front of them;
prints their addresses, how to sign in, and how to kill, stop and pause each process. A process that
ends is started again after `RESTART_SECONDS`, as a supervisor would. Ctrl-C stops everything.
Requires root.
"""

import os
import sys
import time

from dev.cluster.addresses import ALL_NODES_PORT, WRITER_PORT
from dev.cluster.cluster import Cluster
from dev.cluster.galera_cluster import GaleraCluster
from dev.cluster.group_cluster import GroupCluster
from dev.cluster.node import Node
from dev.cluster.replicas import Replica
from dev.environment import VAR
from dev.signals import interrupt_on_signal
from dev.system_packages import Stop, say

ENGINES: dict[str, type[GaleraCluster] | type[GroupCluster]] = {
    "galera": GaleraCluster,
    "mysql": GroupCluster,
}
RESTART_SECONDS = 10
POLL_SECONDS = 0.5


def main(arguments: list[str]) -> int:
    """Run until a signal arrives and return 0; return 1 if the cluster cannot start."""
    engine = arguments[0] if arguments else "galera"
    if engine not in ENGINES:
        say(f"cluster: ENGINE={engine!r}: use {' or '.join(ENGINES)}")
        return 2
    if os.geteuid() != 0:
        say("cluster: the servers run as other users; start it as root: sudo make cluster")
        return 1
    interrupt_on_signal()
    try:
        started = time.monotonic()
        say(f"cluster: starting {engine}; the first start takes up to a minute ...")
        with ENGINES[engine]((VAR / f"cluster-{engine}").resolve()) as cluster:
            print("\n".join(instructions(cluster)), flush=True)
            say(f"cluster: started in {time.monotonic() - started:.0f} s")
            supervise(cluster)
    except Stop as stop:
        say(f"cluster: {stop}")
        return 1
    except KeyboardInterrupt:
        say("stopped")
    return 0


def supervise(cluster: Cluster) -> None:
    """Report changes and start again what has ended, until a signal arrives."""
    states: dict[str, str] = {}
    ended: dict[str, float] = {}
    while True:
        processes: list[Node | Replica] = [*cluster.nodes.values(), *cluster.replicas.values()]
        for process in processes:
            state = _state(cluster, process)
            if states.get(process.name) not in (None, state):
                say(f"cluster: {process.name} is {state}")
            states[process.name] = state
            if process.is_running:
                ended.pop(process.name, None)
            elif time.monotonic() > ended.setdefault(process.name, time.monotonic()) + (
                RESTART_SECONDS
            ):
                _restart(cluster, process)
        time.sleep(POLL_SECONDS)


def instructions(cluster: Cluster) -> list[str]:
    """Return the lines that describe the cluster and what to try."""
    admin = next(user for user in cluster.users if user["role"] == "admin")
    sign_in = f"curl -X POST -u '{admin['user_name']}:{admin['password']}' {cluster.url}/v1/tokens"
    processes: list[Node | Replica] = [*cluster.nodes.values(), *cluster.replicas.values()]
    database = f"{cluster.addresses.proxy}:{WRITER_PORT}"
    if "all" in cluster.routes:
        database += f" (one node at a time), {cluster.addresses.proxy}:{ALL_NODES_PORT} (all)"
    return [
        "",
        f"Service   {cluster.url}, behind HAProxy (process {cluster.service_proxy.pid})",
        f"Database  {database}, behind HAProxy (process {cluster.proxy.pid})",
        "",
        "Sign in:",
        f"  {sign_in}",
        "",
        "Processes; the one that ends is started again after "
        f"{RESTART_SECONDS} s with another process ID:",
        *(f"  {it.name:6} {it.host}:{it.port}  process {it.pid}" for it in processes),
        "",
        "Try, while requests are sent:",
        "  kill -KILL PROCESS                            power failure",
        "  kill -TERM PROCESS                            clean stop",
        "  kill -STOP PROCESS; sleep 10; kill -CONT PROCESS   a machine that hangs",
        f"  echo 'show stat' | socat - {cluster.proxy.socket} | cut -d, -f1,2,18",
        "",
        f"Ctrl-C stops everything; the data are kept in {cluster.folder}.",
    ]


def _state(cluster: Cluster, process: Node | Replica) -> str:
    if not process.is_running:
        return "down"
    if isinstance(process, Replica):
        return f"running (process {process.pid})"
    proxied = cluster.proxy.states("writer")[process.name].partition(" ")[0]
    return f"running (process {process.pid}), for HAProxy {proxied}"


def _restart(cluster: Cluster, process: Node | Replica) -> None:
    if isinstance(process, Replica):
        process.start(cluster.environment())
    elif any(node.is_running for node in cluster.nodes.values()):
        process.start(wait=False)
    else:
        say("cluster: no server runs; the one with the newest data starts a new cluster")
        cluster.start_nodes()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
