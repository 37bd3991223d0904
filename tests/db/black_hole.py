"""A hole in the network that needs no privilege: a socket whose kernel drops what arrives.

A classic BPF program (socket(7), SO_ATTACH_FILTER) that accepts no byte. The segments are not
acknowledged, a reset is not noticed: to the other end it is a firewall that forgot the flow.
"""

import ctypes
import socket
import struct

SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27
ACCEPT_NOTHING = struct.pack("HBBI", 0x06, 0, 0, 0)  # BPF_RET, 0 bytes


def drop_what_arrives(sock):
    code = ctypes.create_string_buffer(ACCEPT_NOTHING)
    program = struct.pack("HxxxxxxP", 1, ctypes.addressof(code))
    sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, program)


def let_it_arrive(sock):
    sock.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
