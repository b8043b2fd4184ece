"""TCP connections of a worker in slots that are reused, found by number, counted by host, in the order of their age.

A connection's number is generation << CONNECTION_BITS | slot. It is part of the address that a path names, so what was
meant for one connection never reaches a later one in its slot.

Two lists keep their order: strangers, which have sent no authentic check yet, by the time they came; guests by their
last authentic check. A stranger makes way when there is no slot left, so who cannot authenticate keeps nobody out for
long.

Memory: sizeof(Connection), 2.2 KB, touched when a slot is first used; measured as 2 207 bytes resident each with 4 000
connections. What waits to be sent is in the store of tcp_queue besides.
"""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.base.table cimport Address, Table
from mediad._fastpath.io.tcp_queue cimport SendQueue
from mediad._fastpath.wire.framing cimport FrameReader

cdef enum:
    CONNECTION_BITS = 13
    MOST_CONNECTIONS = 8192

cdef extern from "<stdint.h>":
    const uint32_t NO_CONNECTION "UINT32_MAX"

ctypedef struct Connection:
    uint32_t number                # 0 = free slot
    uint32_t generation            # of the last that was in this slot
    int fd
    Address address                # of a path over it
    uint64_t host                  # whom it counts against
    bint is_guest
    bint is_blocked                # the kernel takes no more; it tells when it does
    bint is_broken                 # nothing can be sent any more; it is about to be closed
    uint32_t early_bytes           # received before the first authentic check
    uint64_t alive_us              # of the last authentic check, or of its coming
    uint32_t older                 # slots; NO_CONNECTION = none
    uint32_t newer
    SendQueue queue
    FrameReader reader

ctypedef struct AgeList:
    uint32_t oldest
    uint32_t newest

ctypedef struct Connections:
    Connection* slots
    uint32_t* free_slots           # a stack
    uint32_t free_count
    uint32_t capacity
    uint32_t most_per_host
    AgeList strangers
    AgeList guests
    Table by_host                  # host → connections

cdef bint connections_init(Connections* all, uint32_t capacity, uint32_t most_per_host, uint64_t seed) noexcept nogil
cdef void connections_destroy(Connections* all) noexcept nogil
# NULL: it has ended.
cdef Connection* connection_of(Connections* all, uint32_t number) noexcept nogil
cdef bint host_is_full(const Connections* all, const Address* address) noexcept nogil
# A stranger in a free slot, its address named by its number; there must be one.
cdef Connection* connection_enter(Connections* all, int fd, const Address* address, uint64_t now_us) noexcept nogil
cdef void connection_leave(Connections* all, Connection* connection) noexcept nogil
# An authentic check came: a guest now, and the newest of them.
cdef void connection_checked(Connections* all, Connection* connection, uint64_t now_us) noexcept nogil
# NULL: there is none.
cdef Connection* oldest_of(Connections* all, const AgeList* ages) noexcept nogil
