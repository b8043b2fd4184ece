"""Choice of the packets of a layered stream for one consumer: SVC of VP9, AV1 and H264, temporal layers of VP8.

A pure decision, picture by picture, from what PayloadInfo tells of each packet; the owner of the consumer applies it. A
layer is left at a picture's start and entered only where everything it needs was sent: all layers at a key frame; a
temporal layer behind a frame that says so (VP9 U, a switch indication of the dependency descriptor) or at one that
needs the base layer alone (VP8 Y); a spatial one at a frame that needs only the layer below it in the same picture, or
at any picture if its frames went out all along (down in full SVC, never in K-SVC).
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t
from mediad._fastpath.wire.payload_info cimport PayloadInfo

cdef enum:
    RECENT_PICTURES = 8            # whose decisions hold for packets that come late
    SELECT_FORWARD = 1
    SELECT_MARK = 2                # the last packet of the picture as it is sent
    SELECT_WHOLE_PICTURE = 4       # not forwarded: nor is any other packet of the picture
    SELECT_NEEDS_KEYFRAME = 8      # the target cannot be entered without one

ctypedef struct PictureDecision:
    bint known
    uint32_t timestamp
    uint8_t spatial                # highest layer that is forwarded of it
    bint forwarded                 # its temporal layer is wanted and can be decoded

ctypedef struct LayerSelector:
    uint8_t target_spatial         # 0..MAX_SPATIAL
    uint8_t target_temporal        # 0..MAX_TEMPORAL
    bint whole                     # nothing is left out: another server selects; set once, at the beginning
    bint layered                   # the stream says of its packets whose they are
    uint8_t spatial_count          # layers the sender has told of; 0 = none yet
    uint8_t spatial                # being forwarded
    uint8_t temporal
    uint8_t entered                # bit per temporal layer: nothing it needs is missing, if the ones below are entered
    uint8_t intact                 # bit per spatial layer: all its frames went out since the last key frame
    int64_t newest_sequence
    uint32_t newest                # index into pictures
    uint32_t next                  # slot to overwrite
    PictureDecision pictures[RECENT_PICTURES]

# 255 for either: all.
cdef void selector_target(LayerSelector* selector, uint32_t spatial, uint32_t temporal) noexcept nogil
# A new segment starts at this packet (a key frame): what was before does not count.
cdef void selector_restart(LayerSelector* selector, int64_t sequence) noexcept nogil
# SELECT_* bits of one packet, in whatever order packets come.
cdef uint32_t selector_decide(LayerSelector* selector, int64_t sequence, uint32_t timestamp,
                              const PayloadInfo* info) noexcept nogil
# True when a key frame would bring the selector closer to its target.
cdef bint selector_wants_keyframe(const LayerSelector* selector) noexcept nogil
