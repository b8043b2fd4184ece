"""One slab of packet slots with reference counts; nothing is allocated after pool_init.

A slot holds a datagram of up to SLOT_BYTES - TAIL_BYTES bytes, aligned for libsrtp, with room behind it for the
trailer that libsrtp writes in place. The slab is mapped lazily: untouched slots cost address space only, and the free
list is a stack, so a lightly loaded worker stays within the few slots it keeps reusing.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t
from mediad._fastpath.base.invariant cimport MEDIAD_ASSERT

cdef enum:
    SLOT_BYTES = 2048
    TAIL_BYTES = 148       # SRTP_MAX_TRAILER_LEN (16 + 128) and 4 for SRTCP's index

cdef extern from "<stdint.h>":
    const uint32_t NO_SLOT "UINT32_MAX"

ctypedef struct Pool:
    uint8_t* slab
    uint32_t* free_slots
    uint16_t* references
    uint32_t capacity
    uint32_t free_count
    uint32_t low_water      # the fewest free slots seen, for stats

cdef bint pool_init(Pool* pool, uint32_t capacity) noexcept nogil
cdef void pool_destroy(Pool* pool) noexcept nogil


cdef inline uint8_t* pool_data(Pool* pool, uint32_t slot) noexcept nogil:
    return pool.slab + <size_t>slot * SLOT_BYTES


cdef inline uint32_t pool_take(Pool* pool) noexcept nogil:
    """Take a free slot with one reference; NO_SLOT when there is none."""
    cdef uint32_t slot
    if pool.free_count == 0:
        return NO_SLOT
    pool.free_count -= 1
    if pool.free_count < pool.low_water:
        pool.low_water = pool.free_count
    slot = pool.free_slots[pool.free_count]
    pool.references[slot] = 1
    return slot


cdef inline void pool_hold(Pool* pool, uint32_t slot) noexcept nogil:
    MEDIAD_ASSERT(0 < pool.references[slot] < 0xFFFF)
    pool.references[slot] += 1


cdef inline void pool_release(Pool* pool, uint32_t slot) noexcept nogil:
    MEDIAD_ASSERT(pool.references[slot] > 0)
    pool.references[slot] -= 1
    if pool.references[slot] == 0:
        pool.free_slots[pool.free_count] = slot
        pool.free_count += 1
