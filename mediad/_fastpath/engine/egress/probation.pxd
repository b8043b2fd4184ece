"""Probation stream: padding under an SSRC that every mediasoup client expects, so that probes have packets to send.

SSRC 1234, payload type 127, MID "probator"; mid, abs-send-time and transport-cc under the ids of the transport's video
consumers. A client knows of it as soon as it has a video consumer, not before.
"""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Consumer, Engine, Transport

cdef enum:
    PROBATION_BYTES = 1400         # payload of one packet, at most

cdef void probation_joined(Transport* transport, const Consumer* consumer) noexcept nogil
cdef void probation_left(Transport* transport, const Consumer* consumer) noexcept nogil
cdef bint probation_ready(const Transport* transport) noexcept nogil
# One packet with `payload_bytes` of padding; false when it could not leave.
cdef bint probation_send(Engine* engine, Transport* transport, uint32_t payload_bytes, uint64_t now_us) noexcept nogil
