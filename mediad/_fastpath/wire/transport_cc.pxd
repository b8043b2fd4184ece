"""Reading of transport-wide feedback packet by packet (draft-holmer-rmcat-transport-wide-cc-extensions-01).

Its writer is stream/twcc.pyx. A reader is a cursor over the RTCP block's bytes: it copies and allocates nothing, and
an open takes a few steps for each two bytes, whatever they say. Reading all statuses takes longer: two bytes may tell
of thousands of packets that were not received.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t
from mediad._fastpath.wire.rtcp cimport RtcpBlock

cdef enum:
    MAX_STATUSES = 4096        # more than a sender keeps in mind

ctypedef struct FeedbackReader:
    const uint8_t* chunk       # next chunk to read
    const uint8_t* delta       # next receive delta
    uint16_t sequence_number   # of the next status
    uint32_t left              # statuses not yet read
    uint32_t bits              # the current chunk's value
    uint32_t chunk_left        # statuses left in it
    int64_t clock_us           # arrival of the last received packet, on the reference clock

ctypedef struct PacketStatus:
    uint16_t sequence_number
    bint received
    int64_t arrival_us         # in the receiver's clock modulo REFERENCE_WRAP_US; may step back within one packet

# False, and nothing to read, when the block is of another type or its chunks or deltas run over its end.
cdef bint feedback_open(FeedbackReader* reader, const RtcpBlock* block) noexcept nogil
cdef bint feedback_next(FeedbackReader* reader, PacketStatus* status) noexcept nogil
# Passes over the rest of a run of packets that were not received; two bytes may tell of thousands.
cdef void feedback_skip_run(FeedbackReader* reader) noexcept nogil
# The reference clock has 24 bits of 64 ms: the unwrapped time nearest to `last_us` (one feedback's first arrival).
cdef int64_t feedback_unwrap(int64_t last_us, int64_t arrival_us) noexcept nogil
