"""Missing packets of a received stream, and the times to ask for them again (RFC 4585 section 6.2.1).

A gap is asked for after NACK_DELAY_US (reordering), then again each round trip, NACK_TRIES times at the most. Memory is
fixed: a gap too long to repair asks for a key frame instead.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef enum:
    NACK_LIMIT = 512           # sequence numbers missing at once; power of two
    NACK_TRIES = 10
    NACK_DELAY_US = 10000
    NACK_TICK_US = 20000
    NACK_MIN_RETRY_US = 40000
    NACK_DEFAULT_RTT_US = 100000

ctypedef struct MissingPacket:
    int64_t sequence           # unwrapped
    uint64_t due_us
    uint8_t tries
    uint8_t missing            # 0: it came, or was given up; the cell is passed over

ctypedef struct NackGenerator:
    bint started
    bint wants_keyframe        # set when a gap was given up or too long; the owner clears it, and so does a key frame
    int64_t highest            # unwrapped
    uint32_t count             # missing now
    uint32_t head              # missing[head] is the oldest cell in use
    uint32_t length            # cells in use, ascending by sequence; `count` of them are still missing
    uint64_t next_due_us       # not later than the earliest due_us
    uint64_t nacked_packets    # sequence numbers asked for, repeats included
    uint64_t nacks_sent
    uint64_t repaired          # came after they had been asked for
    uint64_t given_up
    MissingPacket missing[NACK_LIMIT]

cdef void nack_init(NackGenerator* nack) noexcept nogil
# The stream restarts at another sequence number: forget positions, keep counters.
cdef void nack_restart(NackGenerator* nack) noexcept nogil
# A packet arrived (original or repaired by RTX). A key frame's start forgets what is older than it.
cdef void nack_received(NackGenerator* nack, int64_t sequence, bint is_keyframe, uint64_t now_us) noexcept nogil
# Sequence numbers to ask for now, ascending; at most limit. Counts them.
cdef uint32_t nack_due(
    NackGenerator* nack, uint64_t now_us, uint64_t rtt_us, uint16_t* lost, uint32_t limit
) noexcept nogil
cdef uint64_t nack_deadline(const NackGenerator* nack) noexcept nogil       # 0 = nothing missing
