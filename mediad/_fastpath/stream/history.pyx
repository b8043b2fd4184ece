"""Rings of stored and of sent packets. A cell is found only by the number it was filled with."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset
from mediad._fastpath.base.pool cimport pool_hold, pool_release
from mediad._fastpath.stream.keeper cimport (
    KEPT_AUDIO, KEPT_KINDS, KEPT_VIDEO, Keeper, KeptKind, KeptList, keeper_add, keeper_oldest, keeper_remove,
)
from mediad._fastpath.wire.payload_info cimport PayloadInfo
from mediad._fastpath.wire.rtp cimport RtpPacket

cdef enum:
    EMPTY = -1
    RELEASES_PER_PUT = 4
    RELEASES_PER_EXPIRY = 256
    MORE_US = 1000                 # until the timer comes again when that was not enough


cdef inline uint32_t power_of_two(uint32_t wanted) noexcept nogil:
    cdef uint32_t capacity = 1
    while capacity < wanted and capacity < <uint32_t>1 << 31:
        capacity <<= 1
    return capacity


cdef inline StoredPacket* cell(PacketStore* store, int64_t sequence) noexcept nogil:
    return &store.packets[sequence & (store.capacity - 1)]


cdef inline void release(Keeper* keeper, StoredPacket* packet) noexcept nogil:
    packet.sequence = EMPTY
    packet.store.count -= 1
    keeper_remove(keeper, packet.slot)
    pool_release(keeper.pool, packet.slot)


cdef bint store_init(PacketStore* store, Keeper* keeper, uint32_t capacity, KeptKind kind,
                     uint32_t owner) noexcept nogil:
    cdef uint32_t i
    memset(store, 0, sizeof(PacketStore))
    capacity = power_of_two(capacity)
    store.packets = <StoredPacket*>calloc(capacity, sizeof(StoredPacket))
    if store.packets == NULL:
        return False
    for i in range(capacity):
        store.packets[i].sequence = EMPTY
    store.capacity = capacity
    store.kind = kind
    store.owner = owner
    store.keeper = keeper
    store.newest = EMPTY
    return True


cdef void store_clear(PacketStore* store) noexcept nogil:
    """Remove all packets, from the newest back, so that a sender which starts anew with every packet costs little."""
    cdef int64_t sequence = store.newest
    while store.count > 0:
        if cell(store, sequence).sequence != EMPTY:
            release(store.keeper, cell(store, sequence))
        sequence -= 1
    store.newest = EMPTY


cdef void store_destroy(PacketStore* store) noexcept nogil:
    if store.packets != NULL:
        store_clear(store)
        free(store.packets)
    memset(store, 0, sizeof(PacketStore))


cdef inline uint32_t release_old(Keeper* keeper, KeptKind kind, const StoredPacket* newest, uint32_t limit,
                                 uint64_t now_us) noexcept nogil:
    """Remove packets whose time is up, at most `limit`; returns how many. `newest` stays, however old."""
    cdef StoredPacket* oldest
    cdef uint32_t released = 0
    while released < limit:
        oldest = <StoredPacket*>keeper_oldest(keeper, &keeper.kinds[<int>kind])
        if oldest == NULL or oldest == newest or now_us < oldest.received_us + keeper.keep_us[<int>kind]:
            break
        release(keeper, oldest)
        released += 1
    return released


cdef inline bint make_room(Keeper* keeper, const KeptList* kept, const StoredPacket* newest,
                           uint64_t* counter) noexcept nogil:
    """Remove the oldest of a list before its time. False: there is none but the newest."""
    cdef StoredPacket* oldest = <StoredPacket*>keeper_oldest(keeper, kept)
    if oldest == NULL or oldest == newest:
        return False
    release(keeper, oldest)
    counter[0] += 1
    return True


cdef void tidy(PacketStore* store, const StoredPacket* newest, uint64_t now_us) noexcept nogil:
    """Make room after a put: by time, then by the owner's share, then for the pool.

    Each put adds one packet, so removing one is enough, and a second to catch up.
    """
    cdef Keeper* keeper = store.keeper
    cdef int _
    release_old(keeper, store.kind, newest, RELEASES_PER_PUT, now_us)
    if keeper.owners[store.owner].count > keeper.share:
        make_room(keeper, &keeper.owners[store.owner], newest, keeper.let_go_for_share)
    for _ in range(2):
        if keeper.pool.free_count >= keeper.reserve:
            return
        if not make_room(keeper, &keeper.kinds[<int>KEPT_VIDEO], newest, keeper.let_go_for_pool):
            make_room(keeper, &keeper.kinds[<int>KEPT_AUDIO], newest, keeper.let_go_for_pool)


cdef uint64_t stores_expire(Keeper* keeper, uint64_t now_us) noexcept nogil:
    cdef StoredPacket* oldest
    cdef uint64_t due_us, next_us = 0
    cdef int kind
    for kind in range(KEPT_KINDS):
        release_old(keeper, <KeptKind>kind, NULL, RELEASES_PER_EXPIRY, now_us)
        oldest = <StoredPacket*>keeper_oldest(keeper, &keeper.kinds[kind])
        if oldest == NULL:
            continue
        due_us = oldest.received_us + keeper.keep_us[kind]
        if due_us <= now_us:
            due_us = now_us + MORE_US
        elif due_us < now_us + EXPIRY_US:
            due_us = now_us + EXPIRY_US
        if next_us == 0 or due_us < next_us:
            next_us = due_us
    return next_us


cdef StoredPacket* store_put(
    PacketStore* store,
    int64_t sequence,
    uint32_t slot,
    const RtpPacket* packet,
    const PayloadInfo* info,
    uint64_t now_us,
) noexcept nogil:
    cdef StoredPacket* stored
    if store.newest == EMPTY or sequence > store.newest:
        store.newest = sequence
    elif sequence <= store.newest - store.capacity:
        return NULL
    stored = cell(store, sequence)
    pool_hold(store.keeper.pool, slot)  # before the release: it may be the same slot
    if stored.sequence != EMPTY:
        release(store.keeper, stored)
    store.keeper.serial += 1
    stored.sequence = sequence
    stored.serial = store.keeper.serial
    stored.store = store
    store.count += 1
    stored.received_us = now_us
    stored.slot = slot
    stored.packet = packet[0]
    stored.info = info[0]
    keeper_add(store.keeper, slot, stored, store.kind, store.owner)
    tidy(store, stored, now_us)
    return stored


cdef StoredPacket* store_get(PacketStore* store, int64_t sequence) noexcept nogil:
    cdef StoredPacket* stored
    if sequence < 0:
        return NULL
    stored = cell(store, sequence)
    return stored if stored.sequence == sequence else NULL


cdef StoredPacket* store_find(PacketStore* store, const SentPacket* sent) noexcept nogil:
    cdef StoredPacket* stored
    if store.packets == NULL:
        return NULL
    stored = cell(store, sent.source_sequence)
    return stored if stored.sequence != EMPTY and stored.serial == sent.serial else NULL


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
