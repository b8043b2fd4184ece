"""Dispatch by codec, and the codecs with nothing to parse."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t
from libc.string cimport memset
from mediad._fastpath.wire.av1 cimport av1_describe
from mediad._fastpath.wire.dependency cimport DependencyStructure, dependency_describe
from mediad._fastpath.wire.h264 cimport h264_describe
from mediad._fastpath.wire.h265 cimport h265_describe
from mediad._fastpath.wire.payload_info cimport PayloadInfo
from mediad._fastpath.wire.rtp cimport EXT_DEPENDENCY_DESCRIPTOR, RtpPacket
from mediad._fastpath.wire.vp8 cimport vp8_describe, vp8_write_counters
from mediad._fastpath.wire.vp9 cimport vp9_describe

cdef enum:
    OPUS_DTX_BYTES = 2         # TOC and at most one byte of frame: RFC 6716 section 3.1, nothing to decode


cdef void opus_describe(const RtpPacket* packet, PayloadInfo* info) noexcept nogil:
    # RFC 7587 section 4.2: each packet is one whole frame; the marker means talk after silence, not a frame's end.
    info.starts_frame = True
    info.ends_frame = True
    info.is_dtx = 0 < packet.payload_length <= OPUS_DTX_BYTES


cdef void red_describe(const RtpPacket* packet, PayloadInfo* info) noexcept nogil:
    info.starts_frame = True
    info.ends_frame = True             # never silence to be left out: an earlier frame comes with it


ctypedef void (*Describe)(const RtpPacket* packet, PayloadInfo* info) noexcept nogil

cdef Describe[8] describers
describers[<int>CODEC_OTHER] = NULL
describers[<int>CODEC_OPUS] = opus_describe
describers[<int>CODEC_VP8] = vp8_describe
describers[<int>CODEC_VP9] = vp9_describe
describers[<int>CODEC_H264] = h264_describe
describers[<int>CODEC_AV1] = av1_describe
describers[<int>CODEC_H265] = h265_describe
describers[<int>CODEC_RED] = red_describe


cdef void read_dependencies(Codec codec, const RtpPacket* packet, DependencyStructure* structure,
                            PayloadInfo* info) noexcept nogil:
    """Read the dependency descriptor: all of AV1's, and of H.264's and H.265's the layers, not key frames."""
    cdef uint32_t offset = packet.extension_offset[<int>EXT_DEPENDENCY_DESCRIPTOR]
    cdef bint starts_sequence = False
    if offset == 0 or not dependency_describe(
            structure, packet.data + offset, packet.extension_length[<int>EXT_DEPENDENCY_DESCRIPTOR],
            packet.timestamp, info, &starts_sequence):
        return
    if codec == CODEC_AV1:
        info.is_keyframe = starts_sequence
    elif info.is_keyframe:
        info.starts_frame = True       # whatever a descriptor says: nothing of its frame is of use before it


cdef void payload_describe(Codec codec, const RtpPacket* packet, DependencyStructure* structure,
                           PayloadInfo* info) noexcept nogil:
    memset(info, 0, sizeof(PayloadInfo))
    info.ends_frame = packet.marker
    if CODEC_OTHER < codec <= CODEC_RED:
        describers[<int>codec](packet, info)
    if codec == CODEC_AV1 or codec == CODEC_H264 or codec == CODEC_H265:
        read_dependencies(codec, packet, structure, info)


cdef void vp8_rewrite(uint8_t* payload, const PayloadInfo* info, uint16_t picture_id,
                      uint8_t tl0_picture_index) noexcept nogil:
    vp8_write_counters(payload, info, picture_id, tl0_picture_index)
