"""Paths and owners of what comes to an owned socket, and the learning of the address it came from.

The other side of such a transport is one address for each socket. Where no command named it, it is learned, once: by
the first packet that is authentic (SRTP, SRTCP), or, in the clear, by the first that can be read and comes from a
network that is allowed. Whatever comes from elsewhere later is dropped and changes nothing.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from mediad._fastpath.base.table cimport Address
from mediad._fastpath.engine.graph cimport Engine, Transport

cdef enum OwnPacket:
    OWN_PACKET_RTP = 0
    OWN_PACKET_RTCP = 1
    OWN_PACKET_SCTP = 2

# The place (transport * MAX_ADDRESSES + path) of a datagram that came to an owned socket; NO_VALUE: it was dropped.
cdef uint32_t own_place(Engine* engine, OwnPacket kind, const uint8_t* data, uint32_t length, const Address* source,
                        uint64_t now_us) noexcept nogil
# True when an authentic packet that is of no use otherwise would still tell the address of its sender.
cdef bint learns(const Transport* transport, uint32_t role) noexcept nogil
# The first authentic packet came from this address; it is learned unless the address is known.
cdef void remote_heard(Engine* engine, Transport* transport, uint32_t role, const Address* source,
                       uint64_t now_us) noexcept nogil
# Packets of this role go to this address from now on, and come from there.
cdef void remote_known(Transport* transport, uint32_t role, const Address* address) noexcept nogil
