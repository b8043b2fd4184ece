"""H.264 payloads (RFC 6184): where a key frame starts. Temporal layers are not in the payload."""

from mediad._fastpath.wire.payload_info cimport PayloadInfo
from mediad._fastpath.wire.rtp cimport RtpPacket

cdef void h264_describe(const RtpPacket* packet, PayloadInfo* info) noexcept nogil
