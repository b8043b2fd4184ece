"""Chunks and deltas of transport-wide feedback, checked once and then read one by one."""

from libc.stdint cimport int16_t, int64_t, uint8_t, uint32_t
from mediad._fastpath.base.octets cimport load16, load24
from mediad._fastpath.wire.rtcp cimport FMT_TRANSPORT_CC, RTCP_RTPFB, RtcpBlock

cdef enum:
    HEADER_BYTES = 16              # of a block's body: two SSRCs, base, count, reference time, feedback count
    TICK_US = 250
    REFERENCE_US = 64000
    ONE_BIT_STATUSES = 14
    TWO_BIT_STATUSES = 7
    SMALL_DELTA = 1
    LARGE_DELTA = 2

cdef int64_t REFERENCE_WRAP_US = <int64_t>REFERENCE_US << 24


cdef void load_chunk(FeedbackReader* reader) noexcept nogil:
    """Load the next chunk (draft sections 3.1.3, 3.1.4): a run of one symbol, fourteen of one bit, or seven of two."""
    reader.bits = load16(reader.chunk)
    reader.chunk += 2
    if not reader.bits & 0x8000:
        reader.chunk_left = reader.bits & 0x1FFF
    elif reader.bits & 0x4000:
        reader.chunk_left = TWO_BIT_STATUSES
    else:
        reader.chunk_left = ONE_BIT_STATUSES


cdef uint32_t next_symbol(FeedbackReader* reader) noexcept nogil:
    reader.chunk_left -= 1
    if not reader.bits & 0x8000:
        return (reader.bits >> 13) & 3
    if reader.bits & 0x4000:
        return (reader.bits >> (2 * reader.chunk_left)) & 3
    return (reader.bits >> reader.chunk_left) & 1


cdef bint measure(FeedbackReader* reader, const uint8_t* end) noexcept nogil:
    """Walk the chunks once to find where the deltas begin; False when not all of them are there."""
    cdef const uint8_t* first = reader.chunk
    cdef uint32_t count = reader.left
    cdef uint32_t delta_bytes = 0
    cdef uint32_t symbol, run
    while count:
        if end - reader.chunk < 2:
            return False
        load_chunk(reader)
        if not reader.bits & 0x8000:
            symbol = (reader.bits >> 13) & 3
            if symbol > LARGE_DELTA and reader.chunk_left:
                return False           # reserved
            run = reader.chunk_left if reader.chunk_left < count else count
            delta_bytes += symbol * run
            count -= run
            continue
        while reader.chunk_left and count:
            symbol = next_symbol(reader)
            if symbol > LARGE_DELTA:
                return False           # reserved
            delta_bytes += symbol
            count -= 1
    if end - reader.chunk < <int64_t>delta_bytes:
        return False
    reader.delta = reader.chunk
    reader.chunk = first
    reader.chunk_left = 0
    return True


cdef bint feedback_open(FeedbackReader* reader, const RtcpBlock* block) noexcept nogil:
    reader.left = 0
    if block.packet_type != RTCP_RTPFB or block.count != FMT_TRANSPORT_CC or block.length < HEADER_BYTES:
        return False
    reader.sequence_number = load16(block.body + 8)
    reader.left = load16(block.body + 10)
    reader.clock_us = <int64_t>load24(block.body + 12) * REFERENCE_US
    reader.chunk = block.body + HEADER_BYTES
    reader.chunk_left = 0
    if reader.left > MAX_STATUSES or not measure(reader, block.body + block.length):
        reader.left = 0
        return False
    return True


cdef bint feedback_next(FeedbackReader* reader, PacketStatus* status) noexcept nogil:
    cdef uint32_t symbol
    if reader.left == 0:
        return False
    while reader.chunk_left == 0:      # a run may be empty
        load_chunk(reader)
    symbol = next_symbol(reader)
    status.sequence_number = reader.sequence_number
    status.received = symbol != 0
    if symbol == SMALL_DELTA:
        reader.clock_us += <int64_t>reader.delta[0] * TICK_US
        reader.delta += 1
    elif symbol == LARGE_DELTA:
        reader.clock_us += <int64_t><int16_t>load16(reader.delta) * TICK_US
        reader.delta += 2
    status.arrival_us = reader.clock_us
    reader.sequence_number += 1
    reader.left -= 1
    return True


cdef void feedback_skip_run(FeedbackReader* reader) noexcept nogil:
    cdef uint32_t run = reader.chunk_left if reader.chunk_left < reader.left else reader.left
    if reader.bits & 0xE000:
        return                         # of other symbols, or no run
    reader.sequence_number += <uint16_t>run
    reader.chunk_left -= run
    reader.left -= run


cdef int64_t feedback_unwrap(int64_t last_us, int64_t arrival_us) noexcept nogil:
    cdef int64_t ahead = (arrival_us - last_us) % REFERENCE_WRAP_US
    if ahead < 0:
        ahead += REFERENCE_WRAP_US
    return last_us + (ahead if ahead < REFERENCE_WRAP_US // 2 else ahead - REFERENCE_WRAP_US)
