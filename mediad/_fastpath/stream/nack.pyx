"""List of missing packets: a ring of cells in ascending order.

New gaps are always newer than all known ones, so they go on at the end; a packet that arrives late is found by
bisection and its cell left behind as a blank, which the head passes over when it gets there. A packet in order touches
nothing.
"""

from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset


cdef inline MissingPacket* cell(NackGenerator* nack, uint32_t index) noexcept nogil:
    return &nack.missing[(nack.head + index) & (NACK_LIMIT - 1)]


cdef inline void trim(NackGenerator* nack) noexcept nogil:
    """Pass over blank cells at the head; an empty ring starts at its first cell again, which is in the cache."""
    while nack.length > 0 and not cell(nack, 0).missing:
        nack.head = (nack.head + 1) & (NACK_LIMIT - 1)
        nack.length -= 1
    if nack.length == 0:
        nack.head = 0


cdef inline void forget_all(NackGenerator* nack) noexcept nogil:
    nack.head = 0
    nack.length = 0
    nack.count = 0
    nack.next_due_us = 0


cdef void nack_init(NackGenerator* nack) noexcept nogil:
    memset(nack, 0, sizeof(NackGenerator))


cdef void nack_restart(NackGenerator* nack) noexcept nogil:
    forget_all(nack)
    nack.started = False


cdef void arrived(NackGenerator* nack, int64_t sequence) noexcept nogil:
    """Take a packet below the highest that came off the list."""
    cdef uint32_t low = 0, high = nack.length, middle
    cdef MissingPacket* found
    while low < high:
        middle = (low + high) >> 1
        if cell(nack, middle).sequence < sequence:
            low = middle + 1
        else:
            high = middle
    if low == nack.length:
        return
    found = cell(nack, low)
    if found.sequence != sequence or not found.missing:
        return
    if found.tries > 0:
        nack.repaired += 1
    found.missing = 0
    nack.count -= 1
    trim(nack)


cdef void forget_before(NackGenerator* nack, int64_t sequence) noexcept nogil:
    """Take packets before a key frame off the list: decoding goes on from it."""
    cdef MissingPacket* oldest
    while nack.length > 0:
        oldest = cell(nack, 0)
        if oldest.sequence >= sequence:
            break
        if oldest.missing:
            oldest.missing = 0
            nack.count -= 1
        nack.head = (nack.head + 1) & (NACK_LIMIT - 1)
        nack.length -= 1
    trim(nack)


cdef void compact(NackGenerator* nack) noexcept nogil:
    """Move what is still missing together; frees the blank cells in between."""
    cdef uint32_t i, kept = 0
    for i in range(nack.length):
        if cell(nack, i).missing:
            if i != kept:
                cell(nack, kept)[0] = cell(nack, i)[0]
            kept += 1
    nack.length = kept


cdef void add_gap(NackGenerator* nack, int64_t first, uint32_t gap, uint64_t now_us) noexcept nogil:
    cdef uint32_t i
    cdef uint64_t due_us = now_us + NACK_DELAY_US
    cdef MissingPacket* added
    if nack.length + gap > NACK_LIMIT:
        compact(nack)
    for i in range(gap):
        added = cell(nack, nack.length)
        added.sequence = first + i
        added.due_us = due_us
        added.tries = 0
        added.missing = 1
        nack.length += 1
    if nack.count == 0 or due_us < nack.next_due_us:
        nack.next_due_us = due_us
    nack.count += gap


cdef void nack_received(NackGenerator* nack, int64_t sequence, bint is_keyframe, uint64_t now_us) noexcept nogil:
    cdef int64_t gap
    if not nack.started:
        nack.started = True
        nack.highest = sequence
        return
    if sequence <= nack.highest:
        if nack.count > 0:
            arrived(nack, sequence)
            if is_keyframe:
                forget_before(nack, sequence)
        return
    gap = sequence - nack.highest - 1
    if is_keyframe:
        forget_all(nack)
        nack.wants_keyframe = False
    elif gap > NACK_LIMIT - <int64_t>nack.count:
        forget_all(nack)
        nack.wants_keyframe = True
    elif gap > 0:
        add_gap(nack, nack.highest + 1, <uint32_t>gap, now_us)
    nack.highest = sequence


cdef uint32_t nack_due(
    NackGenerator* nack, uint64_t now_us, uint64_t rtt_us, uint16_t* lost, uint32_t limit
) noexcept nogil:
    cdef uint32_t i, written = 0
    cdef uint64_t retry_us = rtt_us if rtt_us > 0 else NACK_DEFAULT_RTT_US
    cdef uint64_t earliest_us = 0
    cdef MissingPacket* item
    if nack.count == 0 or now_us < nack.next_due_us:
        return 0
    if retry_us < NACK_MIN_RETRY_US:
        retry_us = NACK_MIN_RETRY_US
    for i in range(nack.length):
        item = cell(nack, i)
        if not item.missing:
            continue
        if item.due_us <= now_us and item.tries >= NACK_TRIES:
            item.missing = 0
            nack.count -= 1
            nack.given_up += 1
            nack.wants_keyframe = True
            continue
        if item.due_us <= now_us and written < limit:
            lost[written] = <uint16_t>item.sequence
            written += 1
            item.tries += 1
            item.due_us = now_us + retry_us
        if earliest_us == 0 or item.due_us < earliest_us:
            earliest_us = item.due_us
    nack.next_due_us = earliest_us
    trim(nack)
    if written > 0:
        nack.nacked_packets += written
        nack.nacks_sent += 1
    return written


cdef uint64_t nack_deadline(const NackGenerator* nack) noexcept nogil:
    return nack.next_due_us if nack.count > 0 else 0
