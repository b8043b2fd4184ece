"""Binding of SSRCs seen for the first time to streams, by MID, RID or payload type.

All of that is in the clear, so it is looked up before the packet is authenticated, and done afterwards.
"""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Engine, Transport
from mediad._fastpath.wire.rtp cimport RtpPacket

cdef extern from "<stdint.h>":
    const uint32_t UNBOUND "UINT32_MAX"

# The transport's producers are others than before: which extensions name a stream.
cdef void note_naming(Engine* engine, Transport* transport) noexcept nogil
# stream << 1 | is RTX, or UNBOUND. Changes nothing.
cdef uint32_t find_stream(Engine* engine, Transport* transport, RtpPacket* packet) noexcept nogil
# True when the stream may have a new SSRC now. Changes nothing.
cdef bint may_bind(const Engine* engine, uint32_t found, uint64_t now_us) noexcept nogil
# For an authentic packet only: from now on its SSRC is that stream's. False: no memory.
cdef bint bind_stream(Engine* engine, Transport* transport, uint32_t found, const RtpPacket* packet,
                      uint64_t now_us) noexcept nogil
# Prepare a stream for `ssrc`: statistics and store start anew, and the producer's followers sync again.
cdef bint detect_stream(Engine* engine, uint32_t stream_index, uint32_t ssrc, uint32_t payload_type) noexcept nogil
# The SSRC belongs to this stream no longer, if it did. `bound`: stream << 1 | is RTX.
cdef void unbind_ssrc(Engine* engine, uint32_t transport, uint32_t ssrc, uint32_t bound) noexcept nogil
