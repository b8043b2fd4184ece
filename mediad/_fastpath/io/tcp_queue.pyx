"""Lanes of waiting packets as linked lists through the slots of one store."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset
from mediad._fastpath.base.invariant cimport MEDIAD_ASSERT
from mediad._fastpath.base.pool cimport NO_SLOT, SLOT_BYTES, pool_data, pool_destroy, pool_init, pool_release, pool_take
from mediad._fastpath.engine.counts cimport (
    DROP_TCP_CONTROL_FULL, DROP_TCP_DATA_FULL, DROP_TCP_GONE, DROP_TCP_MEDIA_FULL, DROP_TCP_MEDIA_LATE,
    DROP_TCP_OVER_SHARE, DROP_TOO_LARGE, Drop,
)
from mediad._fastpath.wire.framing cimport FRAME_HEADER_BYTES


cdef enum:
    DTLS_APPLICATION_DATA = 23     # RFC 6347 section 4.1


cdef bint store_open(WaitingStore* store, uint64_t* drops, uint32_t slots) noexcept nogil:
    memset(store, 0, sizeof(WaitingStore))
    store.drops = drops
    store.packets = <Waiting*>calloc(slots, sizeof(Waiting))
    return store.packets != NULL and pool_init(&store.pool, slots)


cdef void store_close(WaitingStore* store) noexcept nogil:
    pool_destroy(&store.pool)
    free(store.packets)
    store.packets = NULL


cdef void queue_init(SendQueue* queue) noexcept nogil:
    cdef int lane
    memset(queue, 0, sizeof(SendQueue))
    queue.leaving = NO_SLOT
    for lane in range(LANES):
        queue.lanes[lane].first = queue.lanes[lane].last = NO_SLOT


cdef void queue_clear(WaitingStore* store, SendQueue* queue) noexcept nogil:
    cdef int lane
    store.drops[<int>DROP_TCP_GONE] += queue.held
    for lane in range(LANES):
        while queue.lanes[lane].first != NO_SLOT:
            release(store, queue, take_first(store, &queue.lanes[lane]))
    if queue.leaving != NO_SLOT:
        release(store, queue, queue.leaving)
        queue.leaving = NO_SLOT
    MEDIAD_ASSERT(queue.held == 0)


cdef uint32_t queue_bytes(const WaitingStore* store, const SendQueue* queue) noexcept nogil:
    cdef uint32_t bytes = queue.lanes[<int>CONTROL].bytes + queue.lanes[<int>DATA].bytes + queue.lanes[<int>MEDIA].bytes
    return bytes if queue.leaving == NO_SLOT else bytes + store.packets[queue.leaving].length


cdef bint queue_is_empty(const SendQueue* queue) noexcept nogil:
    return queue.held == 0


cdef inline Lane lane_of(const uint8_t* data, uint32_t length) noexcept nogil:
    """Sort by the bytes that SRTP and DTLS leave in the clear (RFC 7983, RFC 5761)."""
    if length >= 2 and 128 <= data[0] < 192 and not 192 <= data[1] < 224:
        return MEDIA
    return DATA if length > 0 and data[0] == DTLS_APPLICATION_DATA else CONTROL


cdef inline uint32_t share(const WaitingStore* store) noexcept nogil:
    """Slots that one queue may hold now."""
    return store.pool.free_count if store.pool.free_count < MOST_SLOTS else MOST_SLOTS


cdef bint queue_put(WaitingStore* store, SendQueue* queue, const uint8_t* data, uint32_t length, uint32_t done,
                    uint64_t now_us) noexcept nogil:
    cdef Lane lane = lane_of(data, length)
    cdef uint32_t slot
    if length > SLOT_BYTES:
        store.drops[<int>DROP_TOO_LARGE] += 1
        return done == 0
    if done == 0 and not has_room(store, queue, lane, length, now_us):
        return True
    slot = pool_take(&store.pool)
    if slot == NO_SLOT:
        store.drops[<int>DROP_TCP_OVER_SHARE] += 1
        return done == 0
    memcpy(pool_data(&store.pool, slot), data, length)
    store.serial += 1
    store.packets[slot] = Waiting(NO_SLOT, length, lane, store.serial, now_us)
    queue.held += 1
    if done:
        MEDIAD_ASSERT(queue.leaving == NO_SLOT)
        queue.leaving = slot
        queue.leaving_done = done
    else:
        append(store, &queue.lanes[<int>lane], slot)
    return True


cdef bint has_room(WaitingStore* store, SendQueue* queue, Lane lane, uint32_t length, uint64_t now_us) noexcept nogil:
    """Make room for one packet in its lane and in the share. False: it has to be dropped, and is counted."""
    cdef LaneList* media = &queue.lanes[<int>MEDIA]
    drop_late(store, queue, now_us)
    if lane == MEDIA:
        while media.bytes + length > MEDIA_BYTES:
            drop_media(store, queue, DROP_TCP_MEDIA_FULL)
    elif lane == DATA and queue.lanes[<int>DATA].bytes + length > DATA_BYTES:
        store.drops[<int>DROP_TCP_DATA_FULL] += 1
        return False
    elif lane == CONTROL and queue.lanes[<int>CONTROL].bytes + length > CONTROL_BYTES:
        store.drops[<int>DROP_TCP_CONTROL_FULL] += 1
        return False
    while queue.held >= share(store):
        if media.first == NO_SLOT:
            store.drops[<int>DROP_TCP_OVER_SHARE] += 1
            return False
        drop_media(store, queue, DROP_TCP_OVER_SHARE)
    return True


cdef void drop_late(WaitingStore* store, SendQueue* queue, uint64_t now_us) noexcept nogil:
    cdef LaneList* media = &queue.lanes[<int>MEDIA]
    while media.first != NO_SLOT and now_us > store.packets[media.first].since_us + MEDIA_WAIT_US:
        drop_media(store, queue, DROP_TCP_MEDIA_LATE)


cdef void drop_media(WaitingStore* store, SendQueue* queue, Drop reason) noexcept nogil:
    """Drop the oldest media."""
    release(store, queue, take_first(store, &queue.lanes[<int>MEDIA]))
    store.drops[<int>reason] += 1


cdef void append(WaitingStore* store, LaneList* lane, uint32_t slot) noexcept nogil:
    if lane.last == NO_SLOT:
        lane.first = slot
    else:
        store.packets[lane.last].next = slot
    lane.last = slot
    lane.bytes += store.packets[slot].length


cdef uint32_t take_first(WaitingStore* store, LaneList* lane) noexcept nogil:
    cdef uint32_t slot = lane.first
    lane.first = store.packets[slot].next
    if lane.first == NO_SLOT:
        lane.last = NO_SLOT
    lane.bytes -= store.packets[slot].length
    return slot


cdef void release(WaitingStore* store, SendQueue* queue, uint32_t slot) noexcept nogil:
    queue.held -= 1
    pool_release(&store.pool, slot)


cdef uint32_t queue_next(WaitingStore* store, SendQueue* queue, uint32_t* slots, uint32_t limit,
                         uint64_t now_us) noexcept nogil:
    cdef uint32_t control, data, media
    cdef uint32_t count = 0
    drop_late(store, queue, now_us)
    control = queue.lanes[<int>CONTROL].first
    data = queue.lanes[<int>DATA].first
    media = queue.lanes[<int>MEDIA].first
    if queue.leaving != NO_SLOT and limit > 0:
        slots[0] = queue.leaving
        count = 1
    while count < limit:
        if control != NO_SLOT:
            slots[count] = control
            control = store.packets[control].next
        elif data != NO_SLOT and (media == NO_SLOT or store.packets[data].serial < store.packets[media].serial):
            slots[count] = data
            data = store.packets[data].next
        elif media != NO_SLOT:
            slots[count] = media
            media = store.packets[media].next
        else:
            break
        count += 1
    return count


cdef void queue_sent(WaitingStore* store, SendQueue* queue, const uint32_t* slots, uint32_t count,
                     uint64_t bytes) noexcept nogil:
    cdef uint32_t i, slot, left
    for i in range(count):
        if bytes == 0:
            return
        slot = slots[i]
        left = FRAME_HEADER_BYTES + store.packets[slot].length
        if slot == queue.leaving:
            left -= queue.leaving_done
        else:
            take_first(store, &queue.lanes[store.packets[slot].lane])
            queue.leaving = slot
            queue.leaving_done = 0
        if bytes < left:
            queue.leaving_done += <uint32_t>bytes
            return
        bytes -= left
        release(store, queue, slot)
        queue.leaving = NO_SLOT
