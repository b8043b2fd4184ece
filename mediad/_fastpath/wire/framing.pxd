"""Frames of a TCP stream (RFC 4571, as RFC 6544 uses them): a length of 16 bits, then that many bytes of one packet.

A stream may be cut anywhere. What has come of a frame that is not whole is kept in a FrameReader; the rest is read
behind it, so that a frame is always in one piece.
"""

from libc.stdint cimport uint8_t, uint32_t
from libc.string cimport memcpy
from mediad._fastpath.base.invariant cimport MEDIAD_ASSERT

cdef enum:
    FRAME_HEADER_BYTES = 2
    MAX_FRAME_BYTES = 2048         # of content: nothing of WebRTC is longer, whatever 16 bits can say
    MAX_KEPT_BYTES = FRAME_HEADER_BYTES + MAX_FRAME_BYTES

cdef enum Framing:
    FRAME_READY = 0
    FRAME_PARTIAL = 1              # more has to come
    FRAME_TOO_LONG = 2
    FRAME_UNKNOWN = 3              # its first byte is none of those of RFC 7983

ctypedef struct FrameReader:
    uint32_t kept
    uint8_t bytes[MAX_KEPT_BYTES]

# The frame at the start of `data`; `content_bytes` is set with FRAME_READY, 0 = a null packet, to be passed over.
# What cannot become a frame is told as early as its bytes do.
cdef Framing frame_next(const uint8_t* data, uint32_t length, uint32_t* content_bytes) noexcept nogil


cdef inline uint32_t frames_resume(FrameReader* reader, uint8_t* buffer) noexcept nogil:
    """Put what was kept to the start of a buffer; return how much it is. What comes next is read behind it."""
    cdef uint32_t kept = reader.kept
    memcpy(buffer, reader.bytes, kept)
    reader.kept = 0
    return kept


cdef inline void frames_keep(FrameReader* reader, const uint8_t* rest, uint32_t length) noexcept nogil:
    """Keep the bytes of a frame that is not whole."""
    MEDIAD_ASSERT(length <= MAX_KEPT_BYTES)
    memcpy(reader.bytes, rest, length)
    reader.kept = length
