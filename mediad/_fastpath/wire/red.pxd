"""Redundant audio (RFC 2198): several frames of one codec in a packet."""

from libc.stdint cimport uint8_t, uint32_t

# Write the router's payload type over the sender's in every block header of `payload`. False: it is malformed, or
# has a block of another payload type, which no receiver here could name. Then nothing was written.
cdef bint red_map_payload_type(uint8_t* payload, uint32_t length, uint8_t sent, uint8_t routed) noexcept nogil
