"""Stored packets of the pool by age: the first to go when time, an owner's share or the pool runs out.

Each kept slot stands in two lists, oldest first: that of its kind, over all streams, and that of its owner, the
transport it came from. Video goes before audio, which is small, and matters more to listeners. A reserve of free slots
is never given to what is kept, so that every datagram finds a slot to be looked at in. All of it is O(1).
"""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.base.pool cimport Pool

cpdef enum KeptKind:
    KEPT_VIDEO = 0
    KEPT_AUDIO = 1

cdef enum:
    KEPT_KINDS = 2
    VIDEO_KEEP_US = 2000000
    AUDIO_KEEP_US = 1000000
    LEAST_SHARE = 4096             # slots of one owner: three layers of 5 Mbit/s for two seconds, and a screen beside

ctypedef struct KeptLinks:
    uint32_t older                 # slot + 1; 0 = none
    uint32_t newer

ctypedef struct KeptSlot:
    void* packet                   # NULL = not kept
    KeptLinks by_kind
    KeptLinks by_owner
    uint32_t owner
    uint32_t kind

ctypedef struct KeptList:
    uint32_t oldest                # slot + 1; 0 = none
    uint32_t newest
    uint32_t count

ctypedef struct Keeper:
    Pool* pool
    KeptSlot* slots
    KeptList kinds[KEPT_KINDS]
    KeptList* owners
    uint64_t keep_us[KEPT_KINDS]
    uint32_t share                 # slots an owner may keep
    uint32_t reserve               # slots that stay free
    uint64_t serial                # of the newest packet kept: no two ever have the same
    uint64_t* let_go_for_pool      # counters: packets that went before their time
    uint64_t* let_go_for_share

cdef bint keeper_init(Keeper* keeper, Pool* pool, uint32_t owners, uint64_t* let_go_for_pool,
                      uint64_t* let_go_for_share) noexcept nogil
cdef void keeper_destroy(Keeper* keeper) noexcept nogil
# `packet` is what holds this slot from now on; it is the newest of its kind and its owner.
cdef void keeper_add(Keeper* keeper, uint32_t slot, void* packet, KeptKind kind, uint32_t owner) noexcept nogil
cdef void keeper_remove(Keeper* keeper, uint32_t slot) noexcept nogil


cdef inline void* keeper_oldest(const Keeper* keeper, const KeptList* kept) noexcept nogil:
    """Return the packet to remove first, or NULL."""
    return keeper.slots[kept.oldest - 1].packet if kept.oldest else NULL


cdef inline bint keeper_is_empty(const Keeper* keeper) noexcept nogil:
    return keeper.kinds[<int>KEPT_VIDEO].count == 0 and keeper.kinds[<int>KEPT_AUDIO].count == 0
