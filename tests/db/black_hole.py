"""Drops packets without any privilege: a socket whose kernel drops everything that arrives.

A classic BPF program (socket(7), SO_ATTACH_FILTER) that accepts 0 bytes. Segments are not
acknowledged and a reset has no effect: to the other end this looks like a firewall that has
dropped the TCP connection.
"""

import ctypes
import socket
import struct

SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27
ACCEPT_NOTHING = struct.pack("HBBI", 0x06, 0, 0, 0)  # BPF_RET, 0 bytes


def drop_incoming_packets(sock):
    code = ctypes.create_string_buffer(ACCEPT_NOTHING)
    program = struct.pack("HxxxxxxP", 1, ctypes.addressof(code))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def accept_incoming_packets(sock):
    sock.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
