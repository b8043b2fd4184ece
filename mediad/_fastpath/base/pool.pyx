"""Mapping and unmapping of the slab; taking, holding and releasing slots is inline in pool.pxd."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.stdlib cimport calloc, free, malloc
from libc.string cimport memset
from posix.mman cimport MAP_ANONYMOUS, MAP_FAILED, MAP_PRIVATE, PROT_READ, PROT_WRITE, mmap, munmap


cdef bint pool_init(Pool* pool, uint32_t capacity) noexcept nogil:
    cdef void* slab
    cdef uint32_t i
    memset(pool, 0, sizeof(Pool))
    if capacity == 0 or capacity == NO_SLOT:
        return False
    # Straight from the kernel: page-aligned, zeroed, and resident only where it has been used.
    slab = mmap(NULL, <size_t>capacity * SLOT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    if slab == MAP_FAILED:
        return False
    pool.slab = <uint8_t*>slab
    pool.capacity = capacity
    pool.free_slots = <uint32_t*>malloc(<size_t>capacity * sizeof(uint32_t))
    pool.references = <uint16_t*>calloc(capacity, sizeof(uint16_t))
    if pool.free_slots == NULL or pool.references == NULL:
        pool_destroy(pool)
        return False
    # The stack's top is slot 0, so what is in use stays at the slab's start.
    for i in range(capacity):
        pool.free_slots[i] = capacity - 1 - i
    pool.free_count = capacity
    pool.low_water = capacity
    return True


cdef void pool_destroy(Pool* pool) noexcept nogil:
    if pool.slab != NULL:
        munmap(pool.slab, <size_t>pool.capacity * SLOT_BYTES)
    free(pool.free_slots)
    free(pool.references)
    memset(pool, 0, sizeof(Pool))
