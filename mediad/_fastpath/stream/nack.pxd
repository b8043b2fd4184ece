"""Which packets of a received stream are missing, and when to ask for them again (RFC 4585 section 6.2.1).

A gap is asked for after NACK_DELAY_US (reordering), then again each round trip, NACK_TRIES times at the most. Memory is
fixed: a gap too long to repair asks for a key frame instead.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef enum:
    NACK_LIMIT = 512           # sequence numbers missing at once; power of two
    NACK_TRIES = 10
    NACK_DELAY_US = 10000
    NACK_TICK_US = 20000

ctypedef struct MissingPacket:
    int64_t sequence           # unwrapped
    uint64_t due_us
    uint8_t tries

ctypedef struct NackGenerator:
    bint started
    bint wants_keyframe        # set when a gap was given up or too long; the owner clears it
    int64_t highest            # unwrapped
    uint32_t count
    MissingPacket missing[NACK_LIMIT]   # ascending ring or sorted array: the implementation's choice
    uint32_t head
    uint64_t nacked_packets    # sequence numbers asked for, repeats included
    uint64_t nacks_sent
    uint64_t repaired
    uint64_t given_up

cdef void nack_init(NackGenerator* nack) noexcept nogil
# A packet arrived (original or repaired by RTX). A key frame's start forgets what is older than it.
cdef void nack_received(NackGenerator* nack, int64_t sequence, bint is_keyframe, uint64_t now_us) noexcept nogil
# Sequence numbers to ask for now, ascending; at most limit. Counts them.
cdef uint32_t nack_due(NackGenerator* nack, uint64_t now_us, uint64_t rtt_us, uint16_t* lost, uint32_t limit) noexcept nogil
cdef uint64_t nack_deadline(const NackGenerator* nack) noexcept nogil       # 0 = nothing missing
