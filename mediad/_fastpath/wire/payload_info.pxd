"""Description of one payload: key frame, frame edges, layers, and where VP8 keeps its counters.

Layers are told codec by codec in their own ways; what a selector needs of them is always the same two questions, for
each pair of a highest spatial and a highest temporal layer that a receiver may want: is this packet part of it, and may
it be entered behind this frame? So both are bitmasks over a grid of such pairs: bit 8 * spatial + temporal.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t

cdef enum:
    MAX_SPATIAL = 3
    MAX_TEMPORAL = 7
    GRID_CELLS = 32

ctypedef struct PayloadInfo:
    uint8_t is_keyframe        # this packet starts a key frame (a decoder can start here)
    uint8_t is_doubtful        # VP8: a key frame by one bit alone, which encrypted frames have half of the time
    uint8_t starts_frame
    uint8_t ends_frame         # marker, or VP9 E bit at the last layer of what we know
    uint8_t spatial_layer
    uint8_t temporal_layer
    uint8_t has_layers         # temporal_layer / spatial_layer were read from the packet
    uint8_t is_layer_sync      # VP8 Y: of its temporal layer, but needs only the base layer
    uint8_t is_inter_layer     # VP9 D bit
    uint8_t is_dtx             # Opus comfort noise / DTX packet (RFC 6716 TOC, payload of at most 2 bytes)
    uint8_t starts_over        # of a base layer frame that needs nothing before it; told on each of its packets
    uint8_t enters_layer       # of an upper layer frame that needs nothing but the layer below in its own picture
    uint8_t ends_layer         # last packet of a layer frame
    uint8_t spatial_count      # spatial layers being sent; 0 = not told
    uint8_t picture_id_bits    # VP8: 0 absent, 7 or 15
    uint16_t picture_id
    uint8_t picture_id_offset  # bytes from the payload's first byte
    uint8_t tl0_offset         # VP8 TL0PICIDX: 0 absent
    uint8_t tl0_picture_index
    uint8_t has_frame_number   # AV1 and H264 with a dependency descriptor
    uint16_t frame_number
    uint32_t targets           # grid: layers that need this packet; 0 = unknown, all
    uint32_t switches          # grid: layers that may be entered once this frame was received


cdef inline uint32_t grid_rows(uint32_t first, uint32_t last, uint32_t temporal) noexcept nogil:
    """Return the cells of these spatial layers, from this temporal layer up."""
    cdef uint32_t row = 0xFF << temporal & 0xFF
    cdef uint32_t cells = 0
    while first <= last:
        cells |= row << 8 * first
        first += 1
    return cells


cdef inline bint grid_has(uint32_t cells, uint32_t spatial, uint32_t temporal) noexcept nogil:
    return cells >> (8 * spatial + temporal) & 1
