"""Memory of the outbox. egress/datagram fills it."""

from libc.stdint cimport uint8_t, uint32_t
from libc.stdlib cimport calloc, free


cdef bint outbox_init(Outbox* outbox, uint32_t capacity) noexcept nogil:
    outbox.bytes = <uint8_t*>calloc(capacity, DATAGRAM_BYTES)
    outbox.datagrams = <Datagram*>calloc(capacity, sizeof(Datagram))
    outbox.destinations = <uint32_t*>calloc(capacity, sizeof(uint32_t))
    outbox.capacity = capacity
    outbox.count = 0
    outbox.destination_count = 0
    return outbox.bytes != NULL and outbox.datagrams != NULL and outbox.destinations != NULL


cdef void outbox_destroy(Outbox* outbox) noexcept nogil:
    free(outbox.bytes)
    free(outbox.datagrams)
    free(outbox.destinations)
    outbox.bytes = NULL
    outbox.datagrams = NULL
    outbox.destinations = NULL
