"""Emulation of one direction of a network. A zeroed Link is one without loss, limit and delay."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

cdef enum:
    QUEUE_US = 500000              # a packet waits no longer for its turn


cdef void link_set(Link* link, const LinkSettings* settings) noexcept nogil:
    link.settings = settings[0]


cdef LinkVerdict link_send(Link* link, const uint8_t* data, uint32_t length, const Address* source,
                           uint64_t now_us) noexcept nogil:
    cdef uint64_t begin_us = link.free_us if link.free_us > now_us else now_us
    cdef uint64_t end_us = begin_us
    cdef HeldPacket* last
    if link.settings.loss_ppm and throws(link) < link.settings.loss_ppm:
        return LINK_LOST
    if link.settings.rate_bps:
        if begin_us - now_us > QUEUE_US:
            return LINK_FULL
        end_us += length * <uint64_t>8000000 // link.settings.rate_bps
    if link.count == 0 and end_us + link.settings.delay_us <= now_us:
        return LINK_PASSED
    if link.count == LINK_PACKETS or length > LINK_PACKET_BYTES:
        return LINK_FULL
    link.free_us = end_us
    last = &link.held[(link.head + link.count) % LINK_PACKETS]
    last.due_us = end_us + link.settings.delay_us
    last.length = length
    if source != NULL:
        last.source = source[0]
    else:
        memset(&last.source, 0, sizeof(Address))
    memcpy(last.bytes, data, length)
    link.count += 1
    return LINK_HELD


cdef uint32_t throws(Link* link) noexcept nogil:
    """Return a random number below LINK_LOSS_UNIT (Knuth's generator, its upper half)."""
    link.dice = link.dice * 6364136223846793005ULL + 1442695040888963407ULL
    return <uint32_t>((link.dice >> 32) * LINK_LOSS_UNIT >> 32)


cdef uint64_t link_due(const Link* link) noexcept nogil:
    return link.held[link.head].due_us if link.count else 0


cdef const HeldPacket* link_arrived(Link* link, uint64_t now_us) noexcept nogil:
    cdef const HeldPacket* first = &link.held[link.head]
    if link.count == 0 or first.due_us > now_us:
        return NULL
    link.head = (link.head + 1) % LINK_PACKETS
    link.count -= 1
    return first
