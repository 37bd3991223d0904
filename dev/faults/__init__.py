"""Tools that inject network faults, for the demo, the tests and any other program.

    proxy        TCP proxy that delays, closes, resets or silences connections, withholds chosen
                 responses, and sends server error packets such as 4031
    firewall     iptables rules that drop or reset chosen TCP connections, always removed afterwards

docs/guides/fault-tools.md has examples.
"""
