"""Reading and rewriting of VP8's payload descriptor. Its bytes, each after the first only if announced:

     0 1 2 3 4 5 6 7
    |X|R|N|S|R| PID |    N: not used as a reference; S: a partition starts; PID: which one
X:  |I|L|T|K|  RSV  |
I:  |M| PictureID   |    M: 15 bits, one more byte
L:  |   TL0PICIDX   |
T/K:|TID|Y| KEYIDX  |
"""

from libc.stdint cimport uint8_t, uint32_t
from mediad._fastpath.base.octets cimport load16
from mediad._fastpath.wire.payload_info cimport MAX_SPATIAL, PayloadInfo, grid_rows
from mediad._fastpath.wire.rtp cimport RtpPacket


cdef uint32_t read_picture_id(const uint8_t* p, uint32_t offset, uint32_t length, PayloadInfo* info) noexcept nogil:
    """Read the picture id; returns the offset behind it, 0 when it is cut off."""
    if offset >= length:
        return 0
    if not p[offset] & 0x80:
        info.picture_id_bits = 7
        info.picture_id = p[offset]
        info.picture_id_offset = <uint8_t>offset
        return offset + 1
    if offset + 2 > length:
        return 0
    info.picture_id_bits = 15
    info.picture_id = load16(p + offset) & 0x7FFF
    info.picture_id_offset = <uint8_t>offset
    return offset + 2


cdef uint32_t read_extensions(const uint8_t* p, uint32_t length, PayloadInfo* info) noexcept nogil:
    """Read the optional fields; returns the offset behind them, 0 when one is cut off."""
    cdef uint32_t offset = 2
    cdef uint8_t present
    if length < 2:
        return 0
    present = p[1]
    if present & 0x80:
        offset = read_picture_id(p, offset, length, info)
        if offset == 0:
            return 0
    if present & 0x40:
        if offset >= length:
            return 0
        info.tl0_offset = <uint8_t>offset
        info.tl0_picture_index = p[offset]
        offset += 1
    if present & 0x30:  # T, K: either brings the byte that both share
        if offset >= length:
            return 0
        if present & 0x20:
            info.has_layers = True
            info.temporal_layer = p[offset] >> 6
            info.is_layer_sync = p[offset] >> 5 & 1
            info.spatial_count = 1
            info.targets = grid_rows(0, MAX_SPATIAL, info.temporal_layer)
        offset += 1
    return offset


cdef bint has_start_code(const uint8_t* frame, uint32_t length) noexcept nogil:
    """True for a frame header with a key frame's start code (RFC 6386 section 9.1), which no sender leaves out."""
    return length >= 6 and frame[3] == 0x9D and frame[4] == 0x01 and frame[5] == 0x2A


cdef void vp8_describe(const RtpPacket* packet, PayloadInfo* info) noexcept nogil:
    cdef const uint8_t* p = packet.data + packet.header_length
    cdef uint32_t length = packet.payload_length
    cdef uint32_t offset = 1
    if length == 0:
        return
    if p[0] & 0x80:
        offset = read_extensions(p, length, info)
        if offset == 0:
            return
    info.starts_frame = p[0] & 0x17 == 0x10  # S, and PID 0
    # RFC 7741 section 4.3: the frame's first byte has P, inverted: 0 for a key frame.
    info.is_keyframe = info.starts_frame and offset < length and not p[offset] & 0x01
    info.is_doubtful = info.is_keyframe and not has_start_code(p + offset, length - offset)
