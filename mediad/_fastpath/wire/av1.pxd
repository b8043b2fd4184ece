"""AV1 (AOMedia's RTP payload specification) without a dependency descriptor: key frames and their first packets."""

from mediad._fastpath.wire.payload_info cimport PayloadInfo
from mediad._fastpath.wire.rtp cimport RtpPacket

cdef void av1_describe(const RtpPacket* packet, PayloadInfo* info) noexcept nogil
