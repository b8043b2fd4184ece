"""Slots, the two lists through them, and the shares of hosts."""

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memset
from mediad._fastpath.base.invariant cimport MEDIAD_ASSERT
from mediad._fastpath.base.table cimport (
    NO_VALUE, table_destroy, table_get, table_init, table_put, table_remove,
)
from mediad._fastpath.io.tcp_queue cimport queue_init


cdef enum:
    SLOT_MASK = 0x1FFF
    GENERATION_MASK = 0x7FFFF


cdef bint connections_init(Connections* all, uint32_t capacity, uint32_t most_per_host, uint64_t seed) noexcept nogil:
    cdef uint32_t i
    MEDIAD_ASSERT(capacity <= MOST_CONNECTIONS)
    memset(all, 0, sizeof(Connections))
    all.capacity = all.free_count = capacity
    all.most_per_host = most_per_host
    all.strangers = AgeList(NO_CONNECTION, NO_CONNECTION)
    all.guests = AgeList(NO_CONNECTION, NO_CONNECTION)
    # Pages are touched as slots come into use: those at the start first.
    all.slots = <Connection*>calloc(capacity, sizeof(Connection))
    all.free_slots = <uint32_t*>malloc(capacity * sizeof(uint32_t))
    if all.slots == NULL or all.free_slots == NULL:
        return False
    for i in range(capacity):
        all.free_slots[i] = capacity - 1 - i
    return table_init(&all.by_host, capacity, seed)


cdef void connections_destroy(Connections* all) noexcept nogil:
    free(all.slots)
    free(all.free_slots)
    table_destroy(&all.by_host)
    memset(all, 0, sizeof(Connections))


cdef Connection* connection_of(Connections* all, uint32_t number) noexcept nogil:
    cdef uint32_t slot = number & SLOT_MASK
    if slot < all.capacity and number != 0 and all.slots[slot].number == number:
        return &all.slots[slot]
    return NULL


cdef inline uint64_t host_of(const Address* address) noexcept nogil:
    """Return the holder of an address: of IPv6 the /64, as one user has all of it.

    IPv4 stands in the lower half, below a higher half of zeros.
    """
    return address.low if address.high == 0 else address.high


cdef inline uint32_t count_of(const Connections* all, uint64_t host) noexcept nogil:
    cdef uint32_t count = table_get(&all.by_host, host)
    return 0 if count == NO_VALUE else count


cdef bint host_is_full(const Connections* all, const Address* address) noexcept nogil:
    return count_of(all, host_of(address)) >= all.most_per_host


cdef Connection* connection_enter(Connections* all, int fd, const Address* address, uint64_t now_us) noexcept nogil:
    cdef uint32_t slot
    cdef uint32_t generation
    cdef Connection* connection
    MEDIAD_ASSERT(all.free_count > 0)
    all.free_count -= 1
    slot = all.free_slots[all.free_count]
    connection = &all.slots[slot]
    generation = (connection.generation & GENERATION_MASK) + 1
    if generation > GENERATION_MASK:
        generation = 1
    connection.generation = generation
    connection.number = (generation << CONNECTION_BITS) | slot
    connection.fd = fd
    connection.address = address[0]
    connection.address.connection = connection.number
    connection.host = host_of(address)
    connection.is_guest = connection.is_blocked = connection.is_broken = False
    connection.early_bytes = 0
    connection.alive_us = now_us
    connection.reader.kept = 0
    queue_init(&connection.queue)
    # The table was made for as many hosts as there are connections: it never grows.
    table_put(&all.by_host, connection.host, count_of(all, connection.host) + 1)
    add_newest(all, &all.strangers, connection)
    return connection


cdef void connection_leave(Connections* all, Connection* connection) noexcept nogil:
    cdef uint32_t count = count_of(all, connection.host)
    if count > 1:
        table_put(&all.by_host, connection.host, count - 1)
    else:
        table_remove(&all.by_host, connection.host)
    take_out(all, list_of(all, connection), connection)
    connection.number = 0
    all.free_slots[all.free_count] = slot_of(all, connection)
    all.free_count += 1


cdef void connection_checked(Connections* all, Connection* connection, uint64_t now_us) noexcept nogil:
    take_out(all, list_of(all, connection), connection)
    connection.is_guest = True
    connection.alive_us = now_us
    add_newest(all, &all.guests, connection)


cdef Connection* oldest_of(Connections* all, const AgeList* ages) noexcept nogil:
    return NULL if ages.oldest == NO_CONNECTION else &all.slots[ages.oldest]


cdef inline uint32_t slot_of(const Connections* all, const Connection* connection) noexcept nogil:
    return <uint32_t>(connection - all.slots)


cdef inline AgeList* list_of(Connections* all, const Connection* connection) noexcept nogil:
    return &all.guests if connection.is_guest else &all.strangers


cdef void add_newest(Connections* all, AgeList* ages, Connection* connection) noexcept nogil:
    cdef uint32_t slot = slot_of(all, connection)
    connection.newer = NO_CONNECTION
    connection.older = ages.newest
    if ages.newest == NO_CONNECTION:
        ages.oldest = slot
    else:
        all.slots[ages.newest].newer = slot
    ages.newest = slot


cdef void take_out(Connections* all, AgeList* ages, const Connection* connection) noexcept nogil:
    if connection.older == NO_CONNECTION:
        ages.oldest = connection.newer
    else:
        all.slots[connection.older].newer = connection.newer
    if connection.newer == NO_CONNECTION:
        ages.newest = connection.older
    else:
        all.slots[connection.newer].older = connection.older
