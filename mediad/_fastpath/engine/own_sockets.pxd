"""Sockets that belong to one transport without ICE: whose they are, and the one address on the other side of each.

A datagram of such a socket is the transport's, or nobody's: no user name and no table of addresses is asked. The
address is given by command, or learned once (engine/ingress/learn). RTCP may have a socket of its own.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from mediad._fastpath.base.table cimport Address

cdef enum:
    SOCKET_NUMBERS = 0x10000       # all that an Address can name
    MAX_NETWORKS = 32

# What a socket is for. It is also the index in the transport's paths where the time of the last packet is kept.
cdef enum OwnSocketRole:
    OWN_MEDIA = 0                  # RTP, and RTCP unless that has its own
    OWN_RTCP = 1
    OWN_SOCKETS = 2

ctypedef struct SocketOwner:       # by the number of the socket
    uint32_t handle                # of the transport; 0 = none
    uint8_t role
    uint8_t learn

ctypedef struct OwnSockets:        # of a transport
    bint[OWN_SOCKETS] used
    uint16_t[OWN_SOCKETS] number
    bint[OWN_SOCKETS] known        # `remote` is set
    Address[OWN_SOCKETS] remote
    uint32_t rtcp_head             # datagrams in the outbox that leave by the socket for RTCP
    uint32_t rtcp_tail

ctypedef struct Network:           # IPv4 as ::ffff:0:0/96 and below
    uint64_t high
    uint64_t low
    uint32_t bits

ctypedef struct Sources:           # from which a clear transport's address may be learned
    uint32_t count
    Network[MAX_NETWORKS] networks
    Network[MAX_NETWORKS] next     # rows that have come so far


cdef inline bint from_remote(const OwnSockets* own, uint32_t role, const Address* source) noexcept nogil:
    """True for an address that is the other side's. Which address of ours it reached does not matter."""
    return (own.known[role] and own.remote[role].port == source.port and own.remote[role].low == source.low
            and own.remote[role].high == source.high)
