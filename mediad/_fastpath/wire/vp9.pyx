"""Reading of VP9's payload descriptor. Its bytes, each after the first only if announced:

     0 1 2 3 4 5 6 7
    |I|P|L|F|B|E|V|Z|    P: inter-picture predicted; B, E: a layer frame begins, ends; Z: no upper layer needs it
I:  |M| PictureID   |    M: 15 bits, one more byte
L:  | TID |U| SID |D|    U: may switch up here; D: predicted from the layer below
    |   TL0PICIDX   |    only with L and without F
F:  | P_DIFF      |N|    only with P: up to three, N: another follows
V:  | N_S |Y|G|-|-|-|    the scalability structure: N_S + 1 spatial layers, and more that is not read
"""

from libc.stdint cimport uint8_t, uint32_t
from mediad._fastpath.wire.payload_info cimport MAX_SPATIAL, MAX_TEMPORAL, PayloadInfo, grid_rows
from mediad._fastpath.wire.rtp cimport RtpPacket


cdef enum:
    MAX_REFERENCES = 3


cdef uint8_t spatial_count(const uint8_t* p, uint32_t length, uint32_t offset) noexcept nogil:
    """Return the spatial layers of a scalability structure, 0 without one; `offset` is behind the layer indices."""
    cdef uint32_t references = 0
    if not p[0] & 0x02:
        return 0
    if not p[0] & 0x10:
        offset += 1 if p[0] & 0x20 else 0
    elif p[0] & 0x40:
        while offset < length and p[offset] & 1 and references < MAX_REFERENCES - 1:
            offset += 1
            references += 1
        offset += 1
    return (p[offset] >> 5) + 1 if offset < length else 0


cdef void describe_layers(uint8_t flags, bint switches_up, PayloadInfo* info) noexcept nogil:
    """Find the layers that need this packet. Z shows K-SVC: between key pictures no spatial layer needs another."""
    cdef uint32_t spatial = info.spatial_layer if info.spatial_layer < MAX_SPATIAL else MAX_SPATIAL
    info.targets = grid_rows(spatial, spatial if flags & 0x01 else MAX_SPATIAL, info.temporal_layer)
    if switches_up and info.temporal_layer < MAX_TEMPORAL:
        info.switches = grid_rows(spatial, spatial, info.temporal_layer + 1)
    info.ends_layer = flags >> 2 & 1
    info.starts_over = spatial == 0 and not flags & 0x40 and not info.is_inter_layer
    info.enters_layer = spatial > 0 and not flags & 0x40 and info.is_inter_layer and flags & 0x08 != 0


cdef void vp9_describe(const RtpPacket* packet, PayloadInfo* info) noexcept nogil:
    cdef const uint8_t* p = packet.data + packet.header_length
    cdef uint32_t length = packet.payload_length
    cdef uint32_t offset = 1
    cdef uint8_t flags
    cdef bint switches_up = False
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
        switches_up = p[offset] >> 4 & 1
        info.spatial_layer = p[offset] >> 1 & 0x07
        info.is_inter_layer = p[offset] & 1
        offset += 1
        describe_layers(flags, switches_up, info)
    info.spatial_count = spatial_count(p, length, offset)
    if offset > length:
        return
    # A picture begins with its lowest layer frame; it ends at the marker, or, without layers, with its only frame.
    info.starts_frame = flags & 0x08 != 0 and info.spatial_layer == 0
    info.ends_frame = packet.marker or flags & 0x24 == 0x04
    info.is_keyframe = info.starts_frame and not flags & 0x40 and not info.is_inter_layer
