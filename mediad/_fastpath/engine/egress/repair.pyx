"""Answers to NACKs, over RTX or bit for bit, and sending of packets that the pacer held back."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy
from mediad._fastpath.base.clock cimport abs_send_time
from mediad._fastpath.base.octets cimport store16
from mediad._fastpath.base.rate cimport rate_add
from mediad._fastpath.engine.egress.estimate cimport hold_packet, log_sent
from mediad._fastpath.engine.egress.packet cimport (
    header_hash, packet_write_first, packet_write_header, repeated_over_rtx,
)
from mediad._fastpath.engine.egress.segment cimport capture_us_of
from mediad._fastpath.engine.graph cimport Consumer, Engine, ReceiveStream, Transport, drop
from mediad._fastpath.engine.counts cimport (
    COUNT_RTX_SENT, DROP_CONSUMER_NOT_CONNECTED, DROP_PROTECT_FAILED, DROP_REPEAT_DIFFERS, DROP_RTX_GONE,
    DROP_RTX_OBSOLETE, DROP_RTX_TOO_MANY, DROP_RTX_TOO_SOON,
)
from mediad._fastpath.engine.messages cimport MAX_ENCODINGS
from mediad._fastpath.engine.egress.datagram cimport datagram_begin, datagram_commit
from mediad._fastpath.stream.estimator cimport estimator_bps
from mediad._fastpath.stream.history cimport SentPacket, StoredPacket, sent_get, store_find
from mediad._fastpath.stream.pacer cimport PACED_REPAIR, pacer_affords_repair
from mediad._fastpath.stream.rewriter cimport Rewritten
from mediad._fastpath.wire.payload cimport vp8_rewrite
from mediad._fastpath.wire.rtp cimport RtpPacket
from mediad._fastpath.wire.srtp cimport SRTP_OK, srtp_protect

cdef enum:
    MIN_RESEND_US = 20000          # of one packet, when the round trip is tiny
    OVERHEAD_BYTES = 40            # what our extensions, SRTP, UDP and IP add to a packet, or about that
    UNKNOWN_RTT_US = 100000        # until a receiver report tells it; some receivers never send one


cdef inline ReceiveStream* source_of(Engine* engine, const Consumer* consumer, const SentPacket* sent) noexcept nogil:
    return &engine.streams[consumer.producer * MAX_ENCODINGS + sent.encoding]


cdef bint is_obsolete(Engine* engine, const Consumer* consumer, const SentPacket* sent,
                      const StoredPacket* stored) noexcept nogil:
    """True for video from before a switch of encodings or the newest key frame: a decoder goes on without it."""
    if not consumer.video:
        return False
    return (
        <int>sent.encoding != consumer.current
        or stored.sequence < source_of(engine, consumer, sent).keyframe_sequence
    )


cdef void repeat_packet(Engine* engine, Consumer* consumer, uint16_t sequence_number, uint64_t now_us) noexcept nogil:
    cdef Transport* transport = &engine.transports[consumer.transport]
    cdef SentPacket* sent = sent_get(&consumer.history, sequence_number) if consumer.nack else NULL
    cdef StoredPacket* stored = NULL
    # A repeat may be on its way for a round trip; the receiver takes that for a little shorter than we do.
    cdef uint64_t spacing_us = consumer.sender.rtt_us * 7 // 8 if consumer.sender.rtt_us else UNKNOWN_RTT_US
    cdef uint32_t now_ms = <uint32_t>(now_us // 1000)
    if sent != NULL:
        stored = store_find(&source_of(engine, consumer, sent).store, sent)
    if stored == NULL:
        drop(engine, DROP_RTX_GONE)
        return
    if sent.held:
        drop(engine, DROP_RTX_TOO_SOON)
        return
    if is_obsolete(engine, consumer, sent, stored) or (
            transport.pacer.careful and 0 <= consumer.target < consumer.current):
        # Or soon will be: what would repair the picture left for want of bandwidth delays the one awaited.
        drop(engine, DROP_RTX_OBSOLETE)
        return
    if spacing_us < MIN_RESEND_US:
        spacing_us = MIN_RESEND_US
    if sent.resent_ms != 0 and <uint32_t>(now_ms - sent.resent_ms) < spacing_us // 1000:
        drop(engine, DROP_RTX_TOO_SOON)
        return
    # Without reports the path is assumed to carry what every receiver begins with.
    if not pacer_affords_repair(&transport.pacer, stored.packet.length + OVERHEAD_BYTES, consumer.video,
                                estimator_bps(&transport.estimator), now_us):
        drop(engine, DROP_RTX_TOO_MANY)
        return
    consumer.sender.repaired += sent.resent_ms == 0
    sent.resent_ms = now_ms if now_ms != 0 else 1
    if consumer.video and hold_packet(engine, transport, PACED_REPAIR, consumer, sequence_number, stored.packet.length,
                                      now_us):
        return
    repeat_now(engine, consumer, transport, stored, sent, now_us)


cdef void repeat_now(Engine* engine, Consumer* consumer, Transport* transport, StoredPacket* stored, SentPacket* sent,
                     uint64_t now_us) noexcept nogil:
    cdef uint8_t* out = datagram_begin(engine, transport)
    if out == NULL or (transport.secure and consumer.rtp_session == NULL):
        drop(engine, DROP_CONSUMER_NOT_CONNECTED)
        return
    write_again(engine, consumer, transport, stored, sent, out, now_us)


cdef void write_again(Engine* engine, Consumer* consumer, Transport* transport, StoredPacket* stored, SentPacket* sent,
                      uint8_t* out, uint64_t now_us) noexcept nogil:
    cdef RtpPacket* packet = &stored.packet
    cdef bint rtx = repeated_over_rtx(consumer, packet.payload_type)
    cdef void* session = consumer.rtx_session if rtx else consumer.rtp_session
    cdef uint8_t* payload
    cdef int length
    if rtx:
        payload = packet_write_header(consumer, stored, out, sent.marker, consumer.rtx_of_payload[packet.payload_type],
                                      consumer.sender.rtx_sequence_number,
                                      sent.timestamp, consumer.rtx_ssrc, abs_send_time(now_us),
                                      transport.transport_cc_sequence, sent.frame_number)
        consumer.sender.rtx_sequence_number += 1
        store16(payload, sent.sequence_number)
        payload += 2
    else:
        # Down to its send time and transport-cc number. The payload cannot differ: the packet has the serial number of
        # the one that was sent, and what is stored never changes.
        payload = packet_write_header(consumer, stored, out, sent.marker, packet.payload_type, sent.sequence_number,
                                      sent.timestamp, consumer.ssrc, sent.abs_send_time, sent.transport_cc_sequence,
                                      sent.frame_number)
        if header_hash(out, payload) != sent.header_hash:
            drop(engine, DROP_REPEAT_DIFFERS)
            return
    consumer.sender.retransmitted += 1
    engine.counts[<int>COUNT_RTX_SENT] += 1
    memcpy(payload, packet.data + packet.header_length, packet.payload_length)
    if stored.info.picture_id_bits or stored.info.tl0_offset:
        vp8_rewrite(payload, &stored.info, sent.picture_id, sent.tl0_picture_index)
    length = <int>(payload - out) + packet.payload_length
    if rtx:
        consumer.sender.rtx_packets += 1
        consumer.sender.rtx_bytes += <uint64_t>length
    transport.rtx_sent.bytes += <uint64_t>length
    rate_add(&transport.rtx_sent.rate, <uint32_t>length, now_us)
    if transport.secure and (session == NULL or srtp_protect(session, out, &length) != SRTP_OK):
        drop(engine, DROP_PROTECT_FAILED)
        return
    if rtx:
        log_sent(transport, consumer, <uint32_t>length, now_us)
    datagram_commit(engine, transport, <uint32_t>length, now_us)


# --- held back --------------------------------------------------------------------------------------------------------

cdef void held_media(Engine* engine, Consumer* consumer, uint16_t sequence_number, uint64_t now_us) noexcept nogil:
    cdef SentPacket* sent = sent_get(&consumer.history, sequence_number)
    cdef StoredPacket* stored = NULL
    cdef ReceiveStream* stream
    cdef Rewritten rewritten
    if sent == NULL or not sent.held:
        drop(engine, DROP_RTX_GONE)
        return
    stream = source_of(engine, consumer, sent)
    stored = store_find(&stream.store, sent)
    if stored == NULL:
        drop(engine, DROP_RTX_GONE)
        return
    if <int>sent.encoding != consumer.current:
        drop(engine, DROP_RTX_OBSOLETE)    # its key frame has come: another encoding takes over
        return
    rewritten.sequence_number = sent.sequence_number
    rewritten.timestamp = sent.timestamp
    rewritten.picture_id = sent.picture_id
    rewritten.tl0_picture_index = sent.tl0_picture_index
    rewritten.frame_number = sent.frame_number
    packet_write_first(engine, consumer, &engine.transports[consumer.transport], stored, sent, &rewritten, sent.marker,
                       capture_us_of(engine, stream, stored.packet.timestamp), now_us)


cdef void held_repeat(Engine* engine, Consumer* consumer, uint16_t sequence_number, uint64_t now_us) noexcept nogil:
    cdef SentPacket* sent = sent_get(&consumer.history, sequence_number)
    cdef StoredPacket* stored = NULL
    if sent != NULL:
        stored = store_find(&source_of(engine, consumer, sent).store, sent)
    if stored == NULL:
        drop(engine, DROP_RTX_GONE)
        return
    if is_obsolete(engine, consumer, sent, stored):
        drop(engine, DROP_RTX_OBSOLETE)
        return
    repeat_now(engine, consumer, &engine.transports[consumer.transport], stored, sent, now_us)
