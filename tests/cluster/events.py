"""What happens to a cluster under load: one function for each event.

An event ends when all servers and replicas are back. `mark` records the moments of the event.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from tests.cluster.partition import isolate

PAUSE_SECONDS = 10
PARTITION_SECONDS = 20
AWAY_SECONDS = 5  # between the end of a process and its restart

# What clients may notice.
NOTHING = "nothing"
IN_FLIGHT = "requests in flight, whose outcome is then unknown"
OUTAGE = "failed requests while no server or replica runs"


@dataclass(frozen=True, slots=True)
class Event:
    """One event; `run(cluster, number, firewall)` gets the server it happens to."""

    name: str
    description: str
    run: Callable
    to_writer: bool = True
    allowed: str = NOTHING


def _none(cluster, number, firewall):
    time.sleep(15)


def _kill(cluster, number, firewall):
    cluster.nodes[number].kill()
    time.sleep(AWAY_SECONDS)
    cluster.recover()


def _stop(cluster, number, firewall):
    cluster.nodes[number].stop()
    time.sleep(AWAY_SECONDS)
    cluster.recover()


def _pause(cluster, number, firewall):
    cluster.nodes[number].pause()
    time.sleep(PAUSE_SECONDS)
    cluster.nodes[number].resume()
    time.sleep(AWAY_SECONDS)
    cluster.recover()


def _partition(cluster, number, firewall):
    isolate(firewall, cluster, number)
    time.sleep(PARTITION_SECONDS)
    firewall.clear()
    cluster.recover()


def _roll_nodes(cluster, number, firewall):
    for each in sorted(cluster.nodes, key=lambda each: each == number):
        cluster.nodes[each].stop()
        cluster.recover()


def _roll_replicas(cluster, number, firewall):
    for each in cluster.replicas:
        cluster.restart_replica(each)


def _kill_replica(cluster, number, firewall):
    cluster.replicas[1].kill()
    time.sleep(AWAY_SECONDS)
    cluster.start_replica(1)


def _all_down(cluster, number, firewall):
    for node in cluster.nodes.values():
        node.kill()
    cluster.start_nodes()


EVENTS = [
    Event("none", "no fault", _none),
    Event("kill-writer", "kill -9 of the writer", _kill),
    Event("kill-other", "kill -9 of another server", _kill, to_writer=False),
    Event("stop-writer", "clean stop of the writer", _stop),
    Event("stop-other", "clean stop of another server", _stop, to_writer=False),
    Event("pause-writer", f"SIGSTOP of the writer for {PAUSE_SECONDS} s", _pause),
    Event("pause-other", f"SIGSTOP of another server for {PAUSE_SECONDS} s", _pause, False),
    Event(
        "partition-writer",
        f"network partition of the writer for {PARTITION_SECONDS} s",
        _partition,
        allowed=IN_FLIGHT,
    ),
    Event(
        "partition-other",
        f"network partition of another server for {PARTITION_SECONDS} s",
        _partition,
        to_writer=False,
    ),
    Event("roll-nodes", "restart of all servers, one after another", _roll_nodes),
    Event("roll-replicas", "restart of both replicas, one after another", _roll_replicas),
    Event(
        "kill-replica", "kill -9 of one replica of the service", _kill_replica, allowed=IN_FLIGHT
    ),
    Event("all-down", "kill -9 of all servers", _all_down, allowed=OUTAGE),
]
