"""Arming, disarming and expiry of timers in buckets of 1 ms.

`now_ms` is the tick whose bucket is being emptied: every tick before it has been.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset
from mediad._fastpath.base.invariant cimport MEDIAD_ASSERT

cdef enum:
    BUCKET_MASK = WHEEL_BUCKETS - 1


cdef bint wheel_init(Wheel* wheel, uint32_t capacity, uint64_t now_us) noexcept nogil:
    memset(wheel, 0, sizeof(Wheel))
    if capacity == 0 or capacity == NO_TIMER:
        return False
    wheel.nodes = <TimerNode*>calloc(capacity, sizeof(TimerNode))
    if wheel.nodes == NULL:
        return False
    wheel.capacity = capacity
    wheel.now_ms = now_us // 1000
    if wheel.now_ms == 0:
        wheel.now_ms = 1  # due_ms 0 means not armed, so time starts at 1
    memset(wheel.heads, 0xFF, sizeof(wheel.heads))  # NO_TIMER in every bucket
    return True


cdef void wheel_destroy(Wheel* wheel) noexcept nogil:
    free(wheel.nodes)
    wheel.nodes = NULL
    wheel.armed = 0


cdef void wheel_arm(Wheel* wheel, uint32_t timer, uint64_t due_us) noexcept nogil:
    cdef TimerNode* node = &wheel.nodes[timer]
    cdef uint64_t due_ms = due_us // 1000 + (due_us % 1000 != 0)  # up, so that no timer fires early
    cdef uint32_t* head
    MEDIAD_ASSERT(timer < wheel.capacity)
    if node.due_ms != 0:
        wheel_disarm(wheel, timer)
    if due_ms < wheel.now_ms:
        due_ms = wheel.now_ms  # earlier buckets are not visited again before a whole turn
    head = &wheel.heads[due_ms & BUCKET_MASK]
    node.due_ms = due_ms
    node.previous = NO_TIMER
    node.next = head[0]
    if head[0] != NO_TIMER:
        wheel.nodes[head[0]].previous = timer
    head[0] = timer
    if wheel.armed == 0 or due_ms < wheel.next_ms:
        wheel.next_ms = due_ms
    wheel.armed += 1


cdef void wheel_arm_sooner(Wheel* wheel, uint32_t timer, uint64_t due_us) noexcept nogil:
    cdef uint64_t armed_ms = wheel.nodes[timer].due_ms
    if armed_ms == 0 or due_us // 1000 + (due_us % 1000 != 0) < armed_ms:
        wheel_arm(wheel, timer, due_us)


cdef void wheel_disarm(Wheel* wheel, uint32_t timer) noexcept nogil:
    cdef TimerNode* node = &wheel.nodes[timer]
    MEDIAD_ASSERT(timer < wheel.capacity)
    if node.due_ms == 0:
        return
    if node.previous == NO_TIMER:
        wheel.heads[node.due_ms & BUCKET_MASK] = node.next
    else:
        wheel.nodes[node.previous].next = node.next
    if node.next != NO_TIMER:
        wheel.nodes[node.next].previous = node.previous
    if node.due_ms == wheel.next_ms:
        wheel.next_ms = 0  # wheel_deadline looks for the new first
    node.due_ms = 0
    wheel.armed -= 1


cdef uint32_t wheel_expired(Wheel* wheel, uint64_t now_us) noexcept nogil:
    cdef uint64_t target_ms = now_us // 1000
    cdef uint32_t timer
    if wheel.armed == 0 and target_ms > wheel.now_ms:
        wheel.now_ms = target_ms
        return NO_TIMER
    # After a pause of a whole turn or more, one turn still visits every bucket.
    if target_ms >= wheel.now_ms + WHEEL_BUCKETS:
        wheel.now_ms = target_ms - BUCKET_MASK
    while True:
        timer = wheel.heads[wheel.now_ms & BUCKET_MASK]
        while timer != NO_TIMER:
            if wheel.nodes[timer].due_ms <= target_ms:
                wheel_disarm(wheel, timer)
                return timer
            timer = wheel.nodes[timer].next
        if wheel.now_ms >= target_ms:
            return NO_TIMER
        wheel.now_ms += 1


cdef uint64_t wheel_deadline(Wheel* wheel) noexcept nogil:
    """Return the next expiry, remembered: the walk over buckets happens once an expiry, not once a batch of packets."""
    if wheel.armed == 0:
        return 0
    if wheel.next_ms <= wheel.now_ms:
        wheel.next_ms = first_due_ms(wheel)
    return wheel.next_ms * 1000


cdef uint64_t first_due_ms(const Wheel* wheel) noexcept nogil:
    cdef uint64_t tick_ms
    cdef uint32_t timer
    for tick_ms in range(wheel.now_ms, wheel.now_ms + WHEEL_BUCKETS):
        timer = wheel.heads[tick_ms & BUCKET_MASK]
        while timer != NO_TIMER:
            if wheel.nodes[timer].due_ms <= tick_ms:
                return tick_ms
            timer = wheel.nodes[timer].next
    return wheel.now_ms + WHEEL_BUCKETS  # all that is armed is further away than a turn
