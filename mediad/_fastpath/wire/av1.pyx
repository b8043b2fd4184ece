"""Aggregation header and first OBU of an AV1 payload.

Aggregation header (section 4.4): |Z|Y|W W|N|-|-|-|; Z: continues an element; W: number of elements, the last of which
has no length, or 0: each has one; N: first packet of a coded video sequence.

Layers in an OBU's header are reported, but not which layers need the packet: the packets that continue the OBU do not
say, so only a dependency descriptor allows a choice.
"""

from libc.stdint cimport uint8_t, uint32_t
from mediad._fastpath.wire.payload_info cimport PayloadInfo
from mediad._fastpath.wire.rtp cimport RtpPacket

cdef enum:
    OBU_SEQUENCE_HEADER = 1


cdef uint32_t first_element(const uint8_t* p, uint32_t length) noexcept nogil:
    """Return the start of the first OBU element, behind its LEB128 length unless it is alone (W = 1); 0: cut off."""
    cdef uint32_t offset = 1
    if p[0] & 0x30 != 0x10:
        while offset < length and p[offset] & 0x80:
            offset += 1
        offset += 1
    return offset if offset < length else 0


cdef void av1_describe(const RtpPacket* packet, PayloadInfo* info) noexcept nogil:
    cdef const uint8_t* p = packet.data + packet.header_length
    cdef uint32_t length = packet.payload_length
    cdef uint32_t offset
    if length == 0:
        return
    info.is_keyframe = p[0] >> 3 & 1
    info.starts_frame = info.is_keyframe
    if p[0] & 0x80:
        return  # the first element continues: its header was in an earlier packet
    offset = first_element(p, length)
    if offset == 0:
        return
    if p[offset] >> 3 & 0x0F == OBU_SEQUENCE_HEADER:
        info.is_keyframe = True
        info.starts_frame = True
    if p[offset] & 0x04 and offset + 1 < length:
        info.has_layers = True
        info.temporal_layer = p[offset + 1] >> 5
        info.spatial_layer = p[offset + 1] >> 3 & 0x03
