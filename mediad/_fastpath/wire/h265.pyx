"""Search for the start of a key frame in H.265: the video parameter set, the first of three that precede it.

WebRTC senders put the parameter sets in band before each picture that a decoder can start with (RFC 7798).
"""

from libc.stdint cimport uint8_t, uint32_t
from mediad._fastpath.base.octets cimport load16
from mediad._fastpath.wire.payload_info cimport PayloadInfo
from mediad._fastpath.wire.rtp cimport RtpPacket

cdef enum:
    NAL_VPS = 32
    NAL_ACCESS_UNIT_DELIMITER = 35
    NAL_AGGREGATION = 48       # several small units, each behind its 16-bit size: section 4.4.2
    NAL_FRAGMENT = 49          # a piece of one unit: section 4.4.3
    HEADER_BYTES = 2           # of a unit: |F| Type | LayerId | TID |, section 1.1.4
    FU_START = 0x80
    FU_TYPE = 0x3F


cdef inline uint8_t unit_type(uint8_t first) noexcept nogil:
    return first >> 1 & 0x3F


cdef inline void note(uint8_t kind, PayloadInfo* info) noexcept nogil:
    if kind == NAL_VPS:
        info.is_keyframe = True
        info.starts_frame = True
    elif kind == NAL_ACCESS_UNIT_DELIMITER:
        info.starts_frame = True


cdef void walk_aggregation(const uint8_t* p, uint32_t length, PayloadInfo* info) noexcept nogil:
    cdef uint32_t offset = HEADER_BYTES, size
    while offset + 2 + HEADER_BYTES <= length:
        size = load16(p + offset)
        offset += 2
        if size < HEADER_BYTES or size > length - offset:
            return
        note(unit_type(p[offset]), info)
        offset += size


cdef void h265_describe(const RtpPacket* packet, PayloadInfo* info) noexcept nogil:
    cdef const uint8_t* p = packet.data + packet.header_length
    cdef uint32_t length = packet.payload_length
    cdef uint8_t kind
    if length < HEADER_BYTES:
        return
    kind = unit_type(p[0])
    if kind == NAL_AGGREGATION:
        walk_aggregation(p, length, info)
    elif kind == NAL_FRAGMENT:
        if length > HEADER_BYTES and p[HEADER_BYTES] & FU_START:
            note(p[HEADER_BYTES] & FU_TYPE, info)
    else:
        note(kind, info)
