"""Which stream an SSRC seen for the first time belongs to (MID, then RID, then payload type)."""

from libc.stdint cimport uint32_t
from mediad._fastpath.engine.graph cimport Engine, Transport
from mediad._fastpath.wire.rtp cimport RtpPacket

cdef extern from "<stdint.h>":
    const uint32_t UNBOUND "UINT32_MAX"

# For an authenticated packet only. Returns stream << 1 | is RTX and remembers it, or UNBOUND.
cdef uint32_t bind_stream(Engine* engine, Transport* transport, RtpPacket* packet) noexcept nogil
# Prepare a stream for `ssrc`: statistics and store start anew, and the producer's followers sync again.
cdef bint detect_stream(Engine* engine, uint32_t stream_index, uint32_t ssrc, uint32_t payload_type) noexcept nogil
