"""Reading of a frame's header, and of its content's first byte."""

from libc.stdint cimport uint8_t, uint32_t
from mediad._fastpath.base.octets cimport load16


cdef inline bint is_known(uint8_t first) noexcept nogil:
    """True for the first byte of STUN, DTLS, RTP and RTCP (RFC 7983 section 7)."""
    return first < 4 or 20 <= first < 64 or 128 <= first < 192


cdef Framing frame_next(const uint8_t* data, uint32_t length, uint32_t* content_bytes) noexcept nogil:
    cdef uint32_t size
    if length < FRAME_HEADER_BYTES:
        return FRAME_PARTIAL
    size = load16(data)
    if size > MAX_FRAME_BYTES:
        return FRAME_TOO_LONG
    if size > 0 and length > FRAME_HEADER_BYTES and not is_known(data[FRAME_HEADER_BYTES]):
        return FRAME_UNKNOWN
    if length < FRAME_HEADER_BYTES + size:
        return FRAME_PARTIAL
    content_bytes[0] = size
    return FRAME_READY
