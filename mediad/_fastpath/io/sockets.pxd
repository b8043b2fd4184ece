"""The sockets that Python opened and lent to the loop, by index: UDP sockets, and listeners for TCP connections."""

from libc.stdint cimport uint32_t

cdef enum:
    MAX_SOCKETS = 16384            # a thousand ports, UDP and TCP, on eight addresses

cdef enum SocketKind:
    DATAGRAMS = 0
    LISTENER = 1
    RESTING_LISTENER = 2           # left alone for a while, for want of descriptors

ctypedef struct Sockets:
    int fds[MAX_SOCKETS]           # -1 = closed
    int families[MAX_SOCKETS]
    # Grows when a socket is opened or closed: an index is used again.
    uint32_t generations[MAX_SOCKETS]
    SocketKind kinds[MAX_SOCKETS]
    bint unspecified[MAX_SOCKETS]  # of a listener: bound to every address of the machine
