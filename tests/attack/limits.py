"""What the service guarantees to other clients and to its host during an attack."""

SERVER_ERRORS = 0  # responses with status 500; other problems have their own 5xx statuses
FAILED_PROBES = 0
ENDED_WORKERS = 0
WORKER_MEMORY_MB = 150.0
# 99th percentile of the duration of `GET /livez` of other clients, in milliseconds.
PROBE_P99_MS = 1000.0
# The same while slow clients are connected through the documented proxy.
PROBE_P99_BEHIND_PROXY_MS = 100.0
# Number of slow clients for which these limits hold.
SLOW_CLIENTS = 60
