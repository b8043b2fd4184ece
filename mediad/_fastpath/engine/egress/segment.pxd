"""Start of a segment: the packets of one stream that a consumer is sent from one packet on, in its own numbers."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Consumer, Engine, ReceiveStream
from mediad._fastpath.stream.history cimport StoredPacket

# When the frame of RTP time `timestamp` was captured, on our wall clock (µs since 1970); 0 = unknown.
cdef uint64_t capture_us_of(Engine* engine, ReceiveStream* stream, uint32_t timestamp) noexcept nogil
# From this packet on the consumer follows `stream`.
cdef void segment_begin(Engine* engine, ReceiveStream* stream, Consumer* consumer, StoredPacket* stored,
                        uint64_t capture_us, uint64_t now_us) noexcept nogil
