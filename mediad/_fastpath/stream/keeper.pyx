"""Two doubly linked lists through the pool's slots. A zeroed list is an empty one."""

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset
from mediad._fastpath.base.invariant cimport MEDIAD_ASSERT
from mediad._fastpath.base.pool cimport Pool

cdef enum:
    SHARE_PARTS = 8                # of the pool
    RESERVE_PARTS = 32


cdef bint keeper_init(Keeper* keeper, Pool* pool, uint32_t owners, uint64_t* let_go_for_pool,
                      uint64_t* let_go_for_share) noexcept nogil:
    memset(keeper, 0, sizeof(Keeper))
    keeper.pool = pool
    keeper.slots = <KeptSlot*>calloc(pool.capacity, sizeof(KeptSlot))
    keeper.owners = <KeptList*>calloc(owners, sizeof(KeptList))
    keeper.keep_us[<int>KEPT_VIDEO] = VIDEO_KEEP_US
    keeper.keep_us[<int>KEPT_AUDIO] = AUDIO_KEEP_US
    keeper.share = pool.capacity // SHARE_PARTS
    if keeper.share < LEAST_SHARE:
        keeper.share = LEAST_SHARE
    keeper.reserve = pool.capacity // RESERVE_PARTS + 1
    keeper.let_go_for_pool = let_go_for_pool
    keeper.let_go_for_share = let_go_for_share
    return keeper.slots != NULL and keeper.owners != NULL


cdef void keeper_destroy(Keeper* keeper) noexcept nogil:
    free(keeper.slots)
    free(keeper.owners)
    memset(keeper, 0, sizeof(Keeper))


cdef inline KeptLinks* links(Keeper* keeper, uint32_t place, bint by_owner) noexcept nogil:
    return &keeper.slots[place - 1].by_owner if by_owner else &keeper.slots[place - 1].by_kind


cdef inline void append(Keeper* keeper, KeptList* kept, uint32_t place, bint by_owner) noexcept nogil:
    cdef KeptLinks* added = links(keeper, place, by_owner)
    added.newer = 0
    added.older = kept.newest
    if kept.newest:
        links(keeper, kept.newest, by_owner).newer = place
    else:
        kept.oldest = place
    kept.newest = place
    kept.count += 1


cdef inline void unlink(Keeper* keeper, KeptList* kept, uint32_t place, bint by_owner) noexcept nogil:
    cdef KeptLinks* removed = links(keeper, place, by_owner)
    if removed.older:
        links(keeper, removed.older, by_owner).newer = removed.newer
    else:
        kept.oldest = removed.newer
    if removed.newer:
        links(keeper, removed.newer, by_owner).older = removed.older
    else:
        kept.newest = removed.older
    kept.count -= 1


cdef void keeper_add(Keeper* keeper, uint32_t slot, void* packet, KeptKind kind, uint32_t owner) noexcept nogil:
    cdef KeptSlot* kept = &keeper.slots[slot]
    MEDIAD_ASSERT(kept.packet == NULL)
    kept.packet = packet
    kept.kind = kind
    kept.owner = owner
    append(keeper, &keeper.kinds[<int>kind], slot + 1, False)
    append(keeper, &keeper.owners[owner], slot + 1, True)


cdef void keeper_remove(Keeper* keeper, uint32_t slot) noexcept nogil:
    cdef KeptSlot* kept = &keeper.slots[slot]
    MEDIAD_ASSERT(kept.packet != NULL)
    kept.packet = NULL
    unlink(keeper, &keeper.kinds[kept.kind], slot + 1, False)
    unlink(keeper, &keeper.owners[kept.owner], slot + 1, True)
