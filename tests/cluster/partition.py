"""Network partitions: a server and the others do not hear each other, but clients reach all.

HAProxy does not notice by itself, and the clients of the server are connected until it leaves.
"""

from dev.cluster.galera import GALERA_PORT, STATE_TRANSFER_PORTS, GaleraNode


def isolate(firewall, cluster, number):
    """Drop all packets between this server and the others until the rules are removed."""
    node = cluster.nodes[number]
    matches = _galera(node) if isinstance(node, GaleraNode) else _group(node)
    firewall.drop_matching(matches)


def _galera(node):
    """All of a node's connections to the others have its address and one of these ports."""
    for port in (GALERA_PORT, *STATE_TRANSFER_PORTS):
        for direction in ("-s", "-d"):
            for side in ("--sport", "--dport"):
                yield f"-p tcp {direction} {node.host} {side} {port}"


def _group(member):
    """The members have one address; their packets differ in the user who sends them."""
    ports = ",".join(map(str, member.group_ports.values()))
    own = member.group_ports[member.number]
    yield f"OUTPUT -p tcp -m owner --uid-owner {member.uid} -m multiport --ports {ports}"
    yield f"-p tcp --dport {own}"
