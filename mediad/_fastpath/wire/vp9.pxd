"""Payload descriptor of VP9 (RFC 9628 section 4.2), as far as forwarding needs it."""

from mediad._fastpath.wire.payload_info cimport PayloadInfo
from mediad._fastpath.wire.rtp cimport RtpPacket

cdef void vp9_describe(const RtpPacket* packet, PayloadInfo* info) noexcept nogil
