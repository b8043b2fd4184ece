"""AV1 (AOMedia's RTP payload specification): key frames and frame edges, from dependency descriptor or payload."""

from libc.stdint cimport uint8_t, uint32_t
from mediad._fastpath.wire.payload_info cimport PayloadInfo
from mediad._fastpath.wire.rtp cimport RtpPacket

cdef void av1_describe(const RtpPacket* packet, PayloadInfo* info) noexcept nogil
# False when there are fewer than the mandatory three bytes. Layers are known only where the packet carries the template
# structure: the descriptors of other packets refer to it by template id.
cdef bint dependency_descriptor_describe(const uint8_t* p, uint32_t length, PayloadInfo* info) noexcept nogil
