"""Checks of a STUN header, the search for USERNAME in its attributes, and the check of MESSAGE-INTEGRITY."""

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcpy
from mediad._fastpath.base.octets cimport load16, load32, store16
from mediad._fastpath.wire.hmac_sha1 cimport SHA1_BYTES, hmac_sha1

cdef enum:
    HEADER_BYTES = 20
    ATTRIBUTE_HEADER_BYTES = 4
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


cdef bint stun_is_signed(const uint8_t* data, uint32_t length, const HmacKey* key) noexcept nogil:
    """RFC 8489 section 14.5: the length in the signed header ends with MESSAGE-INTEGRITY, whatever follows it."""
    cdef uint8_t header[HEADER_BYTES]
    cdef uint8_t digest[SHA1_BYTES]
    cdef uint32_t offset = HEADER_BYTES, kind, size, i
    cdef uint8_t differs = 0
    while offset + ATTRIBUTE_HEADER_BYTES <= length:
        kind = load16(data + offset)
        size = load16(data + offset + 2)
        if size > length - offset - ATTRIBUTE_HEADER_BYTES:
            return False
        if kind == MESSAGE_INTEGRITY:
            if size != SHA1_BYTES:
                return False
            memcpy(header, data, HEADER_BYTES)
            store16(header + 2, offset + ATTRIBUTE_HEADER_BYTES + SHA1_BYTES - HEADER_BYTES)
            hmac_sha1(key, header, HEADER_BYTES, data + HEADER_BYTES, offset - HEADER_BYTES, digest)
            for i in range(SHA1_BYTES):    # all of them: how long it takes tells nothing
                differs |= digest[i] ^ data[offset + ATTRIBUTE_HEADER_BYTES + i]
            return differs == 0
        offset += ATTRIBUTE_HEADER_BYTES + ((size + 3) & ~<uint32_t>3)
    return False
