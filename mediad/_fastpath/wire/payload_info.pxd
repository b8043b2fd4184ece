"""What the forwarding loop must know of a payload: key frame, frame edges, layers, and where VP8 keeps its counters."""

from libc.stdint cimport uint8_t, uint16_t

ctypedef struct PayloadInfo:
    uint8_t is_keyframe        # this packet starts a key frame (a decoder can start here)
    uint8_t starts_frame
    uint8_t ends_frame         # marker, or VP9 E bit at the last layer of what we know
    uint8_t spatial_layer
    uint8_t temporal_layer
    uint8_t has_layers         # temporal_layer / spatial_layer were read from the packet
    uint8_t is_layer_sync      # VP8 Y / VP9 U: the temporal layer may be entered here
    uint8_t is_inter_layer     # VP9 D bit
    uint8_t is_dtx             # Opus comfort noise / DTX packet (RFC 6716 TOC, payload of at most 2 bytes)
    uint8_t picture_id_bits    # VP8: 0 absent, 7 or 15
    uint16_t picture_id
    uint8_t picture_id_offset  # bytes from the payload's first byte
    uint8_t tl0_offset         # VP8 TL0PICIDX: 0 absent
    uint8_t tl0_picture_index
