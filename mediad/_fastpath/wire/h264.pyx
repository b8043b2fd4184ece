"""Search for the start of a key frame in H.264: the sequence parameter set, without which IDR slices are of no use.

WebRTC senders put the parameter sets in band before each IDR picture (RFC 7742 section 6.2).
"""

from libc.stdint cimport uint8_t, uint32_t
from mediad._fastpath.base.octets cimport load16
from mediad._fastpath.wire.payload_info cimport PayloadInfo
from mediad._fastpath.wire.rtp cimport RtpPacket

cdef enum:
    NAL_SPS = 7
    NAL_ACCESS_UNIT_DELIMITER = 9
    NAL_STAP_A = 24            # several small units, each behind its 16-bit size: section 5.7.1
    NAL_FU_A = 28              # a piece of one unit: section 5.8
    FU_START = 0x80
    TYPE_MASK = 0x1F


cdef inline void note(uint8_t unit_type, PayloadInfo* info) noexcept nogil:
    if unit_type == NAL_SPS:
        info.is_keyframe = True
        info.starts_frame = True
    elif unit_type == NAL_ACCESS_UNIT_DELIMITER:
        info.starts_frame = True


cdef void walk_stap(const uint8_t* p, uint32_t length, PayloadInfo* info) noexcept nogil:
    cdef uint32_t offset = 1, size
    while offset + 3 <= length:
        size = load16(p + offset)
        offset += 2
        if size == 0 or size > length - offset:
            return
        note(p[offset] & TYPE_MASK, info)
        offset += size


cdef void h264_describe(const RtpPacket* packet, PayloadInfo* info) noexcept nogil:
    cdef const uint8_t* p = packet.data + packet.header_length
    cdef uint32_t length = packet.payload_length
    cdef uint8_t unit_type
    if length == 0:
        return
    unit_type = p[0] & TYPE_MASK
    if unit_type == NAL_STAP_A:
        walk_stap(p, length, info)
    elif unit_type == NAL_FU_A:
        if length >= 2 and p[1] & FU_START:
            note(p[1] & TYPE_MASK, info)
    else:
        note(unit_type, info)
