"""Checks of a STUN header, and the search for USERNAME in its attributes."""

from libc.stdint cimport uint8_t, uint32_t
from mediad._fastpath.base.octets cimport load16, load32

cdef enum:
    HEADER_BYTES = 20
    MAGIC_COOKIE = 0x2112A442
    BINDING_REQUEST = 0x0001
    USERNAME = 0x0006
    MESSAGE_INTEGRITY = 0x0008
    MESSAGE_INTEGRITY_SHA256 = 0x001C


cdef bint stun_is_message(const uint8_t* data, uint32_t length) noexcept nogil:
    # RFC 8489 section 5: two zero bits, the cookie, and a length that is a multiple of four. The length must be the
    # datagram's too: nothing may follow the last attribute.
    if length < HEADER_BYTES or data[0] & 0xC0 or load32(data + 4) != MAGIC_COOKIE:
        return False
    return length & 3 == 0 and HEADER_BYTES + <uint32_t>load16(data + 2) == length


cdef bint stun_local_username(const uint8_t* data, uint32_t length, const uint8_t** fragment,
                              uint32_t* fragment_length) noexcept nogil:
    cdef uint32_t offset = HEADER_BYTES, size, kind, i
    fragment[0] = NULL
    fragment_length[0] = 0
    if not stun_is_message(data, length) or load16(data) != BINDING_REQUEST:
        return False
    while offset + 4 <= length:
        kind = load16(data + offset)
        size = load16(data + offset + 2)
        offset += 4
        # RFC 8489 section 14.5: what follows MESSAGE-INTEGRITY is not covered by it and must be ignored.
        if size > length - offset or kind == MESSAGE_INTEGRITY or kind == MESSAGE_INTEGRITY_SHA256:
            return False
        if kind == USERNAME:
            # RFC 8445 section 7.2.2: the receiver's fragment, a colon, the sender's.
            for i in range(size):
                if data[offset + i] == c':':
                    fragment[0] = data + offset
                    fragment_length[0] = i
                    return i > 0
            return False
        offset += (size + 3) & ~<uint32_t>3
    return False
