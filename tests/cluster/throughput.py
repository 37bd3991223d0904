"""Throughput of two replicas with one writer and with all nodes of a Galera cluster.

    python -m tests.cluster.throughput

Both are measured in turn on one cluster. Prints the requests per second, the ratio, and which
processes used the processor time. Requires root.
"""

import os
import sys
import time
from pathlib import Path

from dev.cluster.galera_cluster import GaleraCluster
from dev.names import DATABASE
from tests.cluster.client import Client
from tests.cluster.conftest import SETTINGS
from tests.cluster.load import MIX, Load

ROUNDS = 2
SECONDS = 8
WARM_UP_SECONDS = 2
CLIENTS = 12
MIXES = {
    "mixed requests": MIX,
    "reads": {name: MIX[name] for name in ("read", "page", "search")},
}
ROUTES = {"writer": "one node", "all": "three nodes"}
TICKS = os.sysconf("SC_CLK_TCK")


def main():
    rates = {(mix, route): [] for mix in MIXES for route in ROUTES}
    with GaleraCluster(settings=SETTINGS) as cluster:
        for _ in range(ROUNDS):
            for route, title in ROUTES.items():
                use(cluster, route)
                for mix, operations in MIXES.items():
                    rate, shares = measure(cluster, operations)
                    rates[mix, route].append(rate)
                    print(f"{title}, {mix}: {rate:.0f} requests/s; {shares}", flush=True)
    for mix in MIXES:
        one, three = (max(rates[mix, route]) for route in ROUTES)
        print(f"{mix}: {one:.0f} requests/s on one node, {three:.0f} on three: {three / one:.2f}")
    return 0


def use(cluster, route):
    """Start the replicas again, connected to this port of the database's proxy."""
    cluster.route = route
    for replica in cluster.replicas.values():
        replica.stop()
    cluster.start_replicas()
    cluster.service_proxy.wait_for("ready", len(cluster.replicas))


def measure(cluster, mix):
    """Return the successes per second, and the processor time of each kind of process as text."""
    admin = next(user for user in cluster.users if user["role"] == "admin")
    client = Client(cluster.url, admin).sign_in()
    load = Load(client, threads=CLIENTS, pause=0, mix=mix)
    with cluster.nodes[1].connect(database=DATABASE) as connection:
        load.prepare(connection.cursor())
    load.start()
    time.sleep(WARM_UP_SECONDS)
    before, used, started = len(client.responses), processor_seconds(cluster), time.monotonic()
    time.sleep(SECONDS)
    done, now = client.responses[before:], processor_seconds(cluster)
    seconds = time.monotonic() - started
    load.finish()
    assert not any(response.is_failure for response in done)
    shares = {name: (now[name] - used[name]) / seconds for name in used}
    return len(done) / seconds, ", ".join(f"{name} {it:.2f}" for name, it in shares.items())


def processor_seconds(cluster):
    """Return the processor time used so far by each kind of process."""
    replicas = {replica.pid for replica in cluster.replicas.values()}
    found = dict.fromkeys(("nodes", "replicas", "proxies", "load"), 0.0)
    kinds = {node.pid: "nodes" for node in cluster.nodes.values()}
    kinds |= {cluster.proxy.pid: "proxies", cluster.service_proxy.pid: "proxies"}
    kinds[os.getpid()] = "load"
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        pid, session = int(folder.name), int(fields[3])
        kind = "replicas" if session in replicas else kinds.get(pid)
        if kind:
            found[kind] += (int(fields[11]) + int(fields[12])) / TICKS
    return found


if __name__ == "__main__":
    sys.exit(main())
