"""Mapping of the payload types inside redundant audio (RFC 2198 section 3). Each block but the last has four bytes:

    |F| block PT | timestamp offset (14 bits) | block length (10 bits) |    F: another header follows
    |0| block PT |                                                          the last block, which is the primary
"""

from libc.stdint cimport uint8_t, uint32_t

cdef enum:
    MAX_BLOCKS = 16            # senders use two or three
    HEADER_BYTES = 4
    MORE = 0x80


cdef bint red_map_payload_type(uint8_t* payload, uint32_t length, uint8_t sent, uint8_t routed) noexcept nogil:
    cdef uint32_t offset = 0, frames = 0, blocks = 0
    cdef uint32_t i
    while offset < length and payload[offset] & MORE:
        if offset + HEADER_BYTES > length or payload[offset] & 0x7F != sent or blocks == MAX_BLOCKS:
            return False
        frames += (payload[offset + 2] & 0x03) << 8 | payload[offset + 3]
        offset += HEADER_BYTES
        blocks += 1
    if offset >= length or payload[offset] & 0x7F != sent or offset + 1 + frames > length:
        return False
    for i in range(blocks):
        payload[i * HEADER_BYTES] = MORE | routed
    payload[offset] = routed
    return True
