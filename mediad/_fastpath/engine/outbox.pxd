"""Datagrams that are to leave, collected by destination so that each destination's run can go out as one GSO send."""

from libc.stdint cimport uint8_t, uint32_t

cdef enum:
    DATAGRAM_BYTES = 2048
    RTCP_APART = 0x100000      # of a destination: what leaves by the transport's socket for RTCP (engine/own_sockets)

cdef extern from "<stdint.h>":
    const uint32_t NO_DATAGRAM "UINT32_MAX"

ctypedef struct Datagram:
    uint32_t length
    uint32_t next              # of the same destination

ctypedef struct Outbox:
    uint8_t* bytes
    Datagram* datagrams
    uint32_t* destinations     # transports that have datagrams, in order of first use; RTCP_APART beside the index
    uint32_t capacity
    uint32_t count
    uint32_t destination_count

cdef bint outbox_init(Outbox* outbox, uint32_t capacity) noexcept nogil
cdef void outbox_destroy(Outbox* outbox) noexcept nogil


cdef inline uint8_t* outbox_data(Outbox* outbox, uint32_t index) noexcept nogil:
    return outbox.bytes + <size_t>index * DATAGRAM_BYTES
