"""`make test-cluster`: run every event on every topology and document the results.

    python -m tests.cluster                     # all events on Galera and Group Replication
    python -m tests.cluster --topology galera --event kill-writer,roll-nodes
    python -m tests.cluster --draw              # only generate the page from the stored results

Exits with status 1 if a result contradicts the promises. Requires root.
"""

import argparse
import sys

from dev.cluster.galera_cluster import GaleraCluster
from dev.cluster.group_cluster import GroupCluster
from dev.faults.firewall import Firewall
from dev.system_packages import Stop, say
from tests.cluster import report
from tests.cluster.conftest import SETTINGS
from tests.cluster.events import EVENTS
from tests.cluster.measurement import measure
from tests.cluster.results import ResultStore, Run

# The engine, and the port of the database's proxy that the service uses.
TOPOLOGIES = {
    "galera": (GaleraCluster, "writer"),
    "galera-all": (GaleraCluster, "all"),
    "mysql": (GroupCluster, "writer"),
}


def main(arguments=None):
    given = sys.argv[1:] if arguments is None else arguments
    options = _parse(given)
    store, run = ResultStore(), Run.now(given)
    problems = []
    try:
        if not options.draw:
            for name in options.topology:
                problems += run_topology(name, options, lambda result: store.add(result, run))
    except Stop as stop:
        say(f"test-cluster: {stop}")
        return 1
    finally:
        report.write(store.results(), store.runs())
    for problem in problems:
        say(problem)
    return 1 if problems else 0


def run_topology(name, options, save):
    """Run the selected events on one cluster; return a line for each broken promise."""
    create, route = TOPOLOGIES[name]
    settings = {**SETTINGS, **dict(pair.split("=", 1) for pair in options.set)}
    problems = []
    with create(settings=settings, route=route) as cluster, Firewall() as firewall:
        for event in EVENTS:
            if event.name in options.event:
                result = measure(cluster, event, firewall)
                save(result)
                found = "; ".join(result.problems())
                say(f"{name} {event.name}: {found or 'as promised'}")
                say(f"    {result}")
                problems += [f"{name} {event.name}: {found}"] if found else []
    return problems


def _parse(arguments):
    parser = argparse.ArgumentParser(prog="make test-cluster")
    names = [event.name for event in EVENTS]
    parser.add_argument("--topology", type=_one_of(TOPOLOGIES), default=list(TOPOLOGIES))
    parser.add_argument("--event", type=_one_of(names), default=names)
    parser.add_argument("--set", action="append", default=[], metavar="SETTING=VALUE")
    parser.add_argument("--draw", action="store_true")
    return parser.parse_args(arguments)


def _one_of(allowed):
    def comma_separated(text):
        chosen = text.split(",")
        if unknown := set(chosen) - set(allowed):
            raise argparse.ArgumentTypeError(
                f"unknown: {', '.join(sorted(unknown))}; use {', '.join(allowed)}"
            )
        return chosen

    return comma_separated


if __name__ == "__main__":
    sys.exit(main())
