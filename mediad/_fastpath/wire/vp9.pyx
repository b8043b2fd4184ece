"""Bodies of vp9.pxd. The descriptor's bytes, each after the first only if announced:

     0 1 2 3 4 5 6 7
    |I|P|L|F|B|E|V|Z|    P: inter-picture predicted; B, E: a layer frame begins, ends
I:  |M| PictureID   |    M: 15 bits, one more byte
L:  | TID |U| SID |D|    U: may switch up here; D: predicted from the layer below
"""

from libc.stdint cimport uint8_t, uint32_t
from mediad._fastpath.wire.payload_info cimport PayloadInfo
from mediad._fastpath.wire.rtp cimport RtpPacket


cdef void vp9_describe(const RtpPacket* packet, PayloadInfo* info) noexcept nogil:
    cdef const uint8_t* p = packet.data + packet.header_length
    cdef uint32_t length = packet.payload_length
    cdef uint32_t offset = 1
    cdef uint8_t flags
    if length == 0:
        return
    flags = p[0]
    if flags & 0x80:
        if offset >= length:
            return
        offset += 2 if p[offset] & 0x80 else 1
    if flags & 0x20:
        if offset >= length:
            return
        info.has_layers = True
        info.temporal_layer = p[offset] >> 5
        info.is_layer_sync = p[offset] >> 4 & 1
        info.spatial_layer = p[offset] >> 1 & 0x07
        info.is_inter_layer = p[offset] & 1
        offset += 1
    if offset > length:
        return
    # A picture begins with its lowest layer frame; it ends at the marker, or, without layers, with its only frame.
    info.starts_frame = flags & 0x08 != 0 and info.spatial_layer == 0
    info.ends_frame = packet.marker or flags & 0x24 == 0x04
    info.is_keyframe = info.starts_frame and not flags & 0x40 and not info.is_inter_layer
