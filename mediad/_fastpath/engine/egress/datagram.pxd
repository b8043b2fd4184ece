"""Room in the outbox for one datagram towards a transport, and the two ways to finish it."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Engine, Transport
from mediad._fastpath.engine.own_sockets cimport OWN_RTCP

cdef enum:
    RTCP_BYTES = 1200              # of a compound packet before SRTCP: below any sane path MTU

# DATAGRAM_BYTES of room; flushes first when the outbox is full. NULL: the transport has no address yet.
cdef uint8_t* datagram_begin(Engine* engine, Transport* transport) noexcept nogil
# The datagram begun leaves with `length` bytes (after protection).
cdef void datagram_commit(Engine* engine, Transport* transport, uint32_t length, uint64_t now_us) noexcept nogil
# The same for one that was sent, and counted, before.
cdef void datagram_enqueue(Engine* engine, Transport* transport, uint32_t length) noexcept nogil
# The same three for RTCP, which may have a socket of its own.
cdef uint8_t* rtcp_begin(Engine* engine, Transport* transport) noexcept nogil
cdef void rtcp_enqueue(Engine* engine, Transport* transport, uint32_t length) noexcept nogil
# One compound RTCP packet of `length` bytes, written at rtcp_begin's place: protect and commit.
cdef void send_rtcp(Engine* engine, Transport* transport, uint8_t* data, uint32_t length,
                    uint64_t now_us) noexcept nogil


cdef inline bint rtcp_reaches(const Transport* transport) noexcept nogil:
    """True when there is an address that RTCP can be sent to."""
    return transport.own.known[<int>OWN_RTCP] if transport.own.used[<int>OWN_RTCP] else transport.has_address
