"""The two rings of retransmission. A cell answers only for the very number it was filled with."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset
from mediad._fastpath.base.pool cimport Pool, pool_hold, pool_release
from mediad._fastpath.wire.payload_info cimport PayloadInfo
from mediad._fastpath.wire.rtp cimport RtpPacket

cdef enum:
    EMPTY = -1
    STEPS_PER_PUT = 8              # cells looked at in one call; gaps in the stream cost steps but release nothing
    RELEASES_PER_PUT = 4


cdef inline uint32_t power_of_two(uint32_t wanted) noexcept nogil:
    cdef uint32_t capacity = 1
    while capacity < wanted and capacity < <uint32_t>1 << 31:
        capacity <<= 1
    return capacity


cdef inline StoredPacket* cell(PacketStore* store, int64_t sequence) noexcept nogil:
    return &store.packets[sequence & (store.capacity - 1)]


cdef inline void release(PacketStore* store, StoredPacket* packet) noexcept nogil:
    packet.sequence = EMPTY
    pool_release(store.pool, packet.slot)


cdef bint store_init(PacketStore* store, Pool* pool, uint32_t capacity, uint64_t keep_us) noexcept nogil:
    cdef uint32_t i
    memset(store, 0, sizeof(PacketStore))
    capacity = power_of_two(capacity)
    store.packets = <StoredPacket*>calloc(capacity, sizeof(StoredPacket))
    if store.packets == NULL:
        return False
    for i in range(capacity):
        store.packets[i].sequence = EMPTY
    store.capacity = capacity
    store.keep_us = keep_us
    store.pool = pool
    store.oldest = EMPTY
    store.newest = EMPTY
    return True


cdef void store_clear(PacketStore* store) noexcept nogil:
    cdef uint32_t i
    for i in range(store.capacity):
        if store.packets[i].sequence != EMPTY:
            release(store, &store.packets[i])
    store.oldest = EMPTY
    store.newest = EMPTY


cdef void store_destroy(PacketStore* store) noexcept nogil:
    if store.packets != NULL:
        store_clear(store)
        free(store.packets)
    memset(store, 0, sizeof(PacketStore))


cdef void release_old(PacketStore* store, uint64_t now_us) noexcept nogil:
    """Move `oldest` up past what is too old. What it skips, having fallen far behind, is released when overwritten."""
    cdef int steps = 0, released = 0
    cdef StoredPacket* packet
    if store.newest - store.oldest >= store.capacity:
        store.oldest = store.newest - store.capacity + 1
    while steps < STEPS_PER_PUT and released < RELEASES_PER_PUT and store.oldest < store.newest:
        packet = cell(store, store.oldest)
        if packet.sequence == store.oldest:
            if now_us < packet.received_us + store.keep_us:
                return
            release(store, packet)
            released += 1
        store.oldest += 1
        steps += 1


cdef StoredPacket* store_put(
    PacketStore* store,
    int64_t sequence,
    uint32_t slot,
    const RtpPacket* packet,
    const PayloadInfo* info,
    uint64_t now_us,
) noexcept nogil:
    cdef StoredPacket* stored
    if store.newest == EMPTY:
        store.newest = sequence
        store.oldest = sequence
    elif sequence > store.newest:
        store.newest = sequence
    elif sequence <= store.newest - store.capacity:
        return NULL
    elif sequence < store.oldest:
        store.oldest = sequence
    stored = cell(store, sequence)
    pool_hold(store.pool, slot)         # before the release: it may be the same slot
    if stored.sequence != EMPTY:
        release(store, stored)
    stored.sequence = sequence
    stored.received_us = now_us
    stored.slot = slot
    stored.packet = packet[0]
    stored.info = info[0]
    release_old(store, now_us)
    return stored


cdef StoredPacket* store_get(PacketStore* store, int64_t sequence) noexcept nogil:
    cdef StoredPacket* stored
    if sequence < 0:
        return NULL
    stored = cell(store, sequence)
    return stored if stored.sequence == sequence else NULL


cdef bint sent_init(SentHistory* history, uint32_t capacity) noexcept nogil:
    capacity = power_of_two(capacity)
    if capacity > 65536:
        capacity = 65536
    history.mask = capacity - 1
    history.packets = <SentPacket*>calloc(capacity, sizeof(SentPacket))
    return history.packets != NULL


cdef void sent_destroy(SentHistory* history) noexcept nogil:
    free(history.packets)
    history.packets = NULL
    history.mask = 0


cdef void sent_clear(SentHistory* history) noexcept nogil:
    if history.packets != NULL:
        memset(history.packets, 0, (<size_t>history.mask + 1) * sizeof(SentPacket))
