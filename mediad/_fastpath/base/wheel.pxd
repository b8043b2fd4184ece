"""Hashed timing wheel (Varghese and Lauck, 1987): arming and disarming are O(1), whatever the number of timers.

A timer is an index into `nodes`; the owner keeps one index per purpose (see engine/graph.pxd). Granularity is one
millisecond; a timer further away than one turn stays in its bucket and is passed over until its turn comes.
"""

from libc.stdint cimport uint32_t, uint64_t

cdef enum:
    WHEEL_BUCKETS = 4096

cdef extern from "<stdint.h>":
    const uint32_t NO_TIMER "UINT32_MAX"

ctypedef struct TimerNode:
    uint64_t due_ms            # 0: not armed
    uint32_t next
    uint32_t previous

ctypedef struct Wheel:
    TimerNode* nodes
    uint32_t capacity
    uint32_t armed
    uint64_t now_ms
    uint64_t next_ms           # nothing armed is due before; 0 = to be looked for
    uint32_t heads[WHEEL_BUCKETS]

cdef bint wheel_init(Wheel* wheel, uint32_t capacity, uint64_t now_us) noexcept nogil
cdef void wheel_destroy(Wheel* wheel) noexcept nogil
# Re-arms when armed; the past fires at the next expiry.
cdef void wheel_arm(Wheel* wheel, uint32_t timer, uint64_t due_us) noexcept nogil
# Arms only when not armed, or armed for later.
cdef void wheel_arm_sooner(Wheel* wheel, uint32_t timer, uint64_t due_us) noexcept nogil
cdef void wheel_disarm(Wheel* wheel, uint32_t timer) noexcept nogil
# Pops one due timer (disarmed), or NO_TIMER; call until NO_TIMER.
cdef uint32_t wheel_expired(Wheel* wheel, uint64_t now_us) noexcept nogil
# Microseconds of the next possible expiry (may be early, never late); 0 = none.
cdef uint64_t wheel_deadline(Wheel* wheel) noexcept nogil
