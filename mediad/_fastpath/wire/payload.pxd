"""Description of payloads for the forwarding loop, by codec. Each codec has its own file."""

from libc.stdint cimport uint8_t, uint16_t
from mediad._fastpath.wire.dependency cimport DependencyStructure
from mediad._fastpath.wire.payload_info cimport PayloadInfo
from mediad._fastpath.wire.rtp cimport RtpPacket

cpdef enum Codec:
    CODEC_OTHER = 0            # audio and anything forwarded unread; never waits for a key frame
    CODEC_OPUS = 1
    CODEC_VP8 = 2
    CODEC_VP9 = 3
    CODEC_H264 = 4
    CODEC_AV1 = 5
    CODEC_H265 = 6
    CODEC_RED = 7              # redundant audio around Opus

# Bounded: reads at most packet.payload_length bytes and never fails: what cannot be read is left zero.
# AV1, H264 and H265 read the dependency descriptor extension when present, by the stream's structure; AV1 without it
# the OBU aggregation header (N bit).
cdef void payload_describe(Codec codec, const RtpPacket* packet, DependencyStructure* structure,
                           PayloadInfo* info) noexcept nogil
# VP8: write picture id (in the width the packet has) and TL0PICIDX into a copied payload.
cdef void vp8_rewrite(uint8_t* payload, const PayloadInfo* info, uint16_t picture_id,
                      uint8_t tl0_picture_index) noexcept nogil
