"""Handling of an authentic RTP packet of a known stream: account for it, describe it, store it, forward it."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Engine, ReceiveStream, Transport
from mediad._fastpath.wire.rtp cimport RtpPacket

# `slot` holds the packet; the caller keeps its reference.
cdef void receive_rtp(Engine* engine, Transport* transport, ReceiveStream* stream, bint is_rtx, uint32_t slot,
                      RtpPacket* packet, uint64_t now_us) noexcept nogil
