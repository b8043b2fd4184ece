"""H.265 payloads (RFC 7798): where a key frame starts. Temporal layers are not in the payload."""

from mediad._fastpath.wire.payload_info cimport PayloadInfo
from mediad._fastpath.wire.rtp cimport RtpPacket

cdef void h265_describe(const RtpPacket* packet, PayloadInfo* info) noexcept nogil
