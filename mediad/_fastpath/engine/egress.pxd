"""One stored packet to one consumer: decide, rewrite, protect, into the outbox; and again when asked for again."""

from libc.stdint cimport uint16_t, uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Consumer, Engine, ReceiveStream
from mediad._fastpath.stream.history cimport StoredPacket

# This packet's source sequence number goes to nobody (padding, DTX): consumers that follow the stream close the gap.
cdef void egress_skip(Engine* engine, ReceiveStream* stream, const StoredPacket* stored) noexcept nogil
cdef void egress_packet(Engine* engine, ReceiveStream* stream, Consumer* consumer, StoredPacket* stored,
                        uint64_t capture_us, uint64_t now_us) noexcept nogil
# The consumer just began to want `stream`: replay its newest key frame if that is recent, else ask for one.
cdef void egress_begin(Engine* engine, ReceiveStream* stream, Consumer* consumer, uint64_t now_us) noexcept nogil
cdef void egress_retransmit(Engine* engine, Consumer* consumer, uint16_t sequence_number,
                            uint64_t now_us) noexcept nogil
# What the pacer held back may leave now: a media packet for the first time, or a retransmission.
cdef void egress_held_media(Engine* engine, Consumer* consumer, uint16_t sequence_number,
                            uint64_t now_us) noexcept nogil
cdef void egress_held_repair(Engine* engine, Consumer* consumer, uint16_t sequence_number,
                             uint64_t now_us) noexcept nogil
# When the frame of RTP time `timestamp` was captured, on our wall clock (µs since 1970); 0 = unknown.
cdef uint64_t egress_capture_us(Engine* engine, ReceiveStream* stream, uint32_t timestamp) noexcept nogil
