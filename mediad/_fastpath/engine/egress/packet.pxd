"""Sending of one stored packet to one consumer: decide, rewrite, protect, put into the outbox."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from mediad._fastpath.base.octets cimport load32
from mediad._fastpath.engine.graph cimport NO_RTX, Consumer, Engine, ReceiveStream, Transport
from mediad._fastpath.stream.history cimport SentPacket, StoredPacket
from mediad._fastpath.stream.rewriter cimport Rewritten

# A packet that came, unless the consumer does not get it, or the pace holds it back.
cdef void packet_send(Engine* engine, ReceiveStream* stream, Consumer* consumer, StoredPacket* stored,
                      uint64_t capture_us, uint64_t now_us) noexcept nogil
# This packet's source sequence number goes to no consumer (padding, DTX): consumers that follow the stream close the
# gap.
cdef void packet_skip(Engine* engine, ReceiveStream* stream, const StoredPacket* stored) noexcept nogil
# A new segment from this packet on, and at most `limit` of those behind it.
cdef void packet_replay(Engine* engine, ReceiveStream* stream, Consumer* consumer, StoredPacket* stored, uint32_t limit,
                        uint64_t now_us) noexcept nogil
# Fixed header, CSRCs and this consumer's extensions; returns where the payload goes.
cdef uint8_t* packet_write_header(Consumer* consumer, const StoredPacket* stored, uint8_t* out, bint marker,
                                  uint8_t payload_type, uint16_t sequence_number, uint32_t timestamp, uint32_t ssrc,
                                  uint32_t send_time, uint16_t transport_cc_sequence,
                                  uint16_t frame_number) noexcept nogil
# `sent`: where a repeat finds what it must know, or NULL.
cdef void packet_write_first(Engine* engine, Consumer* consumer, Transport* transport, StoredPacket* stored,
                             SentPacket* sent, const Rewritten* rewritten, bint marker, uint64_t capture_us,
                             uint64_t now_us) noexcept nogil


cdef inline bint repeated_over_rtx(const Consumer* consumer, uint8_t payload_type) noexcept nogil:
    """True when packets of this router payload type are repeated over RTX (RFC 4588), not as they were."""
    cdef uint8_t rtx_payload_type = consumer.rtx_of_payload[payload_type]
    return consumer.rtx_ssrc != 0 and rtx_payload_type != NO_RTX and rtx_payload_type != 0


cdef inline uint32_t header_hash(const uint8_t* header, const uint8_t* end) noexcept nogil:
    """Hash of a header with its extensions, which are whole words."""
    cdef uint64_t value = 0x9E3779B97F4A7C15ULL
    while header < end:
        value = (value ^ load32(header)) * 0xD6E8FEB86659FD93ULL
        value ^= value >> 32
        header += 4
    return <uint32_t>value
