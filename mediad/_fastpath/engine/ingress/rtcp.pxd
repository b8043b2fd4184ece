"""Received RTCP: reports about the packets we send, requests for repeats and key frames, and the peer's clock."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Engine, Transport

# An authenticated compound packet.
cdef void receive_rtcp(Engine* engine, Transport* transport, const uint8_t* data, uint32_t length,
                       uint64_t now_us) noexcept nogil
