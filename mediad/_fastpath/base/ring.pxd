"""Bounded queue of fixed-size records between one producer thread and one consumer thread, without a lock (ring.h)."""

from libc.stdint cimport uint32_t

cdef extern from "ring.h":
    ctypedef struct Ring "mediad_ring":
        pass

    # capacity: records, a power of two. False: it is not one, or memory is short.
    bint ring_init "mediad_ring_init" (Ring* ring, uint32_t capacity, uint32_t record_bytes) noexcept nogil
    void ring_destroy "mediad_ring_destroy" (Ring* ring) noexcept nogil

    # The producer's. A slot is filled in place and becomes visible with the commit.
    bint ring_push "mediad_ring_push" (Ring* ring, const void* record) noexcept nogil      # false: full
    void* ring_push_slot "mediad_ring_push_slot" (Ring* ring) noexcept nogil               # NULL: full
    void ring_commit "mediad_ring_commit" (Ring* ring) noexcept nogil
    uint32_t ring_room "mediad_ring_room" (Ring* ring) noexcept nogil
    # Records ever pushed and popped; both wrap.
    uint32_t ring_pushed "mediad_ring_pushed" (const Ring* ring) noexcept nogil
    uint32_t ring_popped "mediad_ring_popped" (const Ring* ring) noexcept nogil

    # The consumer's. A slot is read in place and is the producer's again after the release.
    bint ring_pop "mediad_ring_pop" (Ring* ring, void* record) noexcept nogil              # false: empty
    const void* ring_pop_slot "mediad_ring_pop_slot" (Ring* ring) noexcept nogil           # NULL: empty
    void ring_release "mediad_ring_release" (Ring* ring) noexcept nogil
