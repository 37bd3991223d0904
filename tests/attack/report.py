"""The summary of an attack, and what exceeds the limits."""

import re

from tests.attack import limits

SHOWN_BYTES = 400
SHOWN_FAILURES = 20  # of each attack
TOKEN = re.compile(rb"Bearer eyJ[\w.-]+")


def summary(tally, phases, memory):
    """Return the lines of the summary."""
    statuses = ", ".join(f"{count} x {status}" for status, count in sorted(tally.statuses.items()))
    seconds, attack, data = tally.slowest
    return [
        f"{sum(tally.sent.values())} requests sent: "
        + ", ".join(f"{count} {name}" for name, count in sorted(tally.sent.items())),
        f"responses: {statuses}",
        f"slowest response: {seconds:.1f} s, {attack}: {data!r}",
        *(f"{name}: {probes}" for name, probes in phases.items()),
        str(memory),
        *_failures(tally),
    ]


def _failures(tally):
    """Describe the messages that caused a 500, so that each can be sent again."""
    for attack, causes in sorted(tally.failures.items()):
        shown = dict.fromkeys(TOKEN.sub(b"Bearer <token>", data) for data in causes)
        for data in list(shown)[:SHOWN_FAILURES]:
            yield f"status 500, {attack}: {data[:SHOWN_BYTES]!r}"


def excesses(tally, phases, memory, *, proxied):
    """Return what exceeds the limits."""
    found = []
    if tally.server_errors > limits.SERVER_ERRORS:
        found.append(f"{tally.server_errors} responses with status 500")
    for name, probes in phases.items():
        behind_proxy = proxied and name != "flood"
        limit = limits.PROBE_P99_BEHIND_PROXY_MS if behind_proxy else limits.PROBE_P99_MS
        if probes.failed > limits.FAILED_PROBES:
            found.append(f"{name}: {probes.failed} probes failed")
        if probes.percentile(99) > limit:
            found.append(f"{name}: p99 of /livez {probes.percentile(99):.0f} ms > {limit:g} ms")
    if memory.ended_workers > limits.ENDED_WORKERS:
        found.append(f"{memory.ended_workers} workers ended")
    if memory.peak > limits.WORKER_MEMORY_MB:
        found.append(f"a worker used {memory.peak:.0f} MB > {limits.WORKER_MEMORY_MB:g} MB")
    return found
