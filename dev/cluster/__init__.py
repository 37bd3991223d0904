"""A cluster of database servers and replicas of the service, on loopback addresses of this machine.

`galera` and `group_replication` run the servers, `haproxy` the proxies of `deploy/cluster`, and
`replicas` the service; `cluster` puts them together. `make cluster` and tests/cluster use it.
"""
