"""Room in the outbox for one datagram towards a transport, and the two ways to finish it."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Engine, Transport

cdef enum:
    RTCP_BYTES = 1200              # of a compound packet before SRTCP: below any sane path MTU

# DATAGRAM_BYTES of room; flushes first when the outbox is full. NULL: the transport has no address yet.
cdef uint8_t* datagram_begin(Engine* engine, Transport* transport) noexcept nogil
# The datagram begun leaves with `length` bytes (after protection).
cdef void datagram_commit(Engine* engine, Transport* transport, uint32_t length, uint64_t now_us) noexcept nogil
# The same for one that was sent, and counted, before.
cdef void datagram_enqueue(Engine* engine, Transport* transport, uint32_t length) noexcept nogil
# One compound RTCP packet of `length` bytes, written at datagram_begin's place: protect and commit.
cdef void send_rtcp(Engine* engine, Transport* transport, uint8_t* data, uint32_t length,
                    uint64_t now_us) noexcept nogil
