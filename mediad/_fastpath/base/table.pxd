"""Open-addressing hash maps with fixed keys: u64 → u32 and Address → u32. They grow on insert, never on lookup."""

from libc.stdint cimport uint16_t, uint32_t, uint64_t

cdef extern from "<stdint.h>":
    const uint32_t NO_VALUE "UINT32_MAX"

ctypedef struct Table:
    uint64_t* keys
    uint32_t* values           # NO_VALUE marks an empty cell
    uint32_t mask
    uint32_t count
    uint64_t seed              # random, so that a peer cannot choose colliding keys

cdef bint table_init(Table* table, uint32_t capacity, uint64_t seed) noexcept nogil
cdef void table_destroy(Table* table) noexcept nogil
cdef uint32_t table_get(const Table* table, uint64_t key) noexcept nogil
cdef bint table_put(Table* table, uint64_t key, uint32_t value) noexcept nogil     # false: out of memory
cdef void table_remove(Table* table, uint64_t key) noexcept nogil                  # backward shift, no tombstones
# For keys that may have passed to another owner: false, and nothing changes, where the key leads elsewhere.
cdef bint table_claim(Table* table, uint64_t key, uint32_t value) noexcept nogil   # false also: out of memory
cdef bint table_release(Table* table, uint64_t key, uint32_t value) noexcept nogil

ctypedef struct Address:
    uint64_t high              # IPv6 address in network order, IPv4 as ::ffff:a.b.c.d
    uint64_t low
    uint64_t local_high        # of ours, where it is reached; 0, 0 = the only address of its socket
    uint64_t local_low
    # The last three are compared and hashed as one word.
    uint16_t port
    uint16_t socket            # index of the local socket: the same peer on two sockets is two paths
    uint32_t connection        # number of the TCP connection, generation included; 0 = UDP

ctypedef struct AddressTable:
    Address* keys
    uint32_t* values
    uint32_t mask
    uint32_t count
    uint64_t seed

cdef bint address_table_init(AddressTable* table, uint32_t capacity, uint64_t seed) noexcept nogil
cdef void address_table_destroy(AddressTable* table) noexcept nogil
cdef uint32_t address_table_get(const AddressTable* table, const Address* key) noexcept nogil
cdef bint address_table_put(AddressTable* table, const Address* key, uint32_t value) noexcept nogil
cdef void address_table_remove(AddressTable* table, const Address* key) noexcept nogil
cdef bint address_table_release(AddressTable* table, const Address* key, uint32_t value) noexcept nogil
cdef uint64_t hash_bytes(const unsigned char* data, uint32_t length, uint64_t seed) noexcept nogil
