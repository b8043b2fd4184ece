"""Test window into the packets kept for repeats: one store, and many that share a pool."""

from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset
from mediad._fastpath.base.pool cimport (
    NO_SLOT, Pool, pool_data, pool_destroy, pool_init, pool_release, pool_take,
)
from mediad._fastpath.stream cimport history
from mediad._fastpath.stream.keeper cimport KEPT_VIDEO, Keeper, KeptKind, keeper_destroy, keeper_init
from mediad._fastpath.wire.payload_info cimport PayloadInfo
from mediad._fastpath.wire.rtp cimport RtpPacket


cdef class Store:
    """Packet store with a pool of its own; a slot's first four bytes hold whatever number the test puts there."""

    cdef Pool pool
    cdef Keeper keeper
    cdef history.PacketStore store
    cdef uint64_t[2] let_go
    cdef bint open

    def __init__(self, uint32_t capacity, uint64_t keep_us, uint32_t slots=4096):
        if (not pool_init(&self.pool, slots) or not keeper_init(&self.keeper, &self.pool, 1, &self.let_go[0],
                                                                &self.let_go[1])
                or not history.store_init(&self.store, &self.keeper, capacity, KEPT_VIDEO, 0)):
            raise MemoryError
        self.keeper.keep_us[<int>KEPT_VIDEO] = keep_us
        self.open = True

    def __dealloc__(self):
        if self.open:
            history.store_destroy(&self.store)
            keeper_destroy(&self.keeper)
            pool_destroy(&self.pool)

    def put(self, int64_t sequence, uint32_t tag, uint64_t now_us):
        """Store a packet as ingress does: take a slot, offer it to the store, release the own reference."""
        cdef RtpPacket packet
        cdef PayloadInfo info
        cdef uint32_t slot = pool_take(&self.pool)
        memset(&packet, 0, sizeof(packet))
        memset(&info, 0, sizeof(info))
        packet.data = pool_data(&self.pool, slot)
        (<uint32_t*>packet.data)[0] = tag
        info.picture_id = <uint16_t>tag
        stored = history.store_put(&self.store, sequence, slot, &packet, &info, now_us)
        pool_release(&self.pool, slot)
        return stored != NULL

    def get(self, int64_t sequence):
        cdef history.StoredPacket* stored = history.store_get(&self.store, sequence)
        if stored == NULL:
            return None
        tag = (<uint32_t*>stored.packet.data)[0]
        assert stored.sequence == sequence and stored.info.picture_id == tag & 0xFFFF
        assert stored.packet.data == pool_data(&self.pool, stored.slot)
        return tag

    def clear(self):
        history.store_clear(&self.store)

    def destroy(self):
        history.store_destroy(&self.store)

    @property
    def capacity(self):
        return self.store.capacity

    @property
    def slots_in_use(self):
        return self.pool.capacity - self.pool.free_count


cdef class Stores:
    """Packet stores, each (kind, owner), that share one pool of slots."""

    cdef Pool pool
    cdef Keeper keeper
    cdef history.PacketStore[8] stores
    cdef uint64_t[2] let_go
    cdef int count

    def __init__(self, uint32_t slots, list stores, uint32_t share=0, uint32_t reserve=0):
        if not pool_init(&self.pool, slots) or not keeper_init(&self.keeper, &self.pool, 8, &self.let_go[0],
                                                               &self.let_go[1]):
            raise MemoryError
        for kind, owner in stores:
            if not history.store_init(&self.stores[self.count], &self.keeper, 1024, <KeptKind><int>kind, owner):
                raise MemoryError
            self.count += 1
        if share:
            self.keeper.share = share
        if reserve:
            self.keeper.reserve = reserve

    def __dealloc__(self):
        cdef int i
        for i in range(self.count):
            history.store_destroy(&self.stores[i])
        keeper_destroy(&self.keeper)
        pool_destroy(&self.pool)

    def put(self, int store, int64_t sequence, uint64_t now_us):
        """Store a packet; False when there was no slot for it."""
        cdef RtpPacket packet
        cdef PayloadInfo info
        cdef uint32_t slot = pool_take(&self.pool)
        if slot == NO_SLOT:
            return False
        memset(&packet, 0, sizeof(packet))
        memset(&info, 0, sizeof(info))
        history.store_put(&self.stores[store], sequence, slot, &packet, &info, now_us)
        pool_release(&self.pool, slot)
        return True

    def has(self, int store, int64_t sequence):
        return history.store_get(&self.stores[store], sequence) != NULL

    def expire(self, uint64_t now_us):
        return history.stores_expire(&self.keeper, now_us)

    def clear(self, int store):
        history.store_clear(&self.stores[store])

    def kept(self, uint32_t owner):
        return self.keeper.owners[owner].count

    @property
    def free(self):
        return self.pool.free_count

    @property
    def let_go_early(self):
        """Return packets removed early: (as the pool was low, as the owner kept more than its share)."""
        return self.let_go[0], self.let_go[1]
