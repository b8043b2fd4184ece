"""Sending of one stored packet to one consumer: decide, rewrite, protect, put into the outbox.

All of this is in one file: a call between two costs each packet thirty instructions. Considered and set aside as
well: building the extension block once per packet for all consumers. That saves about 20 ns of some 400 and needs a
second path for consumers that negotiated less.
"""

from libc.stdint cimport int64_t, uint16_t, uint32_t, uint64_t, uint8_t
from libc.string cimport memcpy
from mediad._fastpath.base.clock cimport abs_send_time
from mediad._fastpath.base.octets cimport store16, store24, store32
from mediad._fastpath.base.pool cimport TAIL_BYTES
from mediad._fastpath.base.rate cimport rate_add
from mediad._fastpath.engine.egress.datagram cimport datagram_begin, datagram_commit
from mediad._fastpath.engine.egress.estimate cimport hold_packet, log_sent
from mediad._fastpath.engine.egress.keyframe_requests cimport demand_keyframe
from mediad._fastpath.engine.egress.segment cimport capture_us_of, segment_begin
from mediad._fastpath.engine.graph cimport ALL_LAYERS, NO_RTX, Consumer, Engine, ReceiveStream, Transport, drop
from mediad._fastpath.engine.counts cimport (
    COUNT_RTP_FORWARDED, DROP_CODEC_NOT_ACCEPTED, DROP_CONSUMER_NOT_CONNECTED, DROP_DTX, DROP_LAYER_NOT_WANTED,
    DROP_OUT_OF_SEGMENT, DROP_PROTECT_FAILED, DROP_TOO_LARGE, DROP_WAITING_KEYFRAME,
)
from mediad._fastpath.engine.news cimport tell_layers
from mediad._fastpath.engine.outbox cimport DATAGRAM_BYTES
from mediad._fastpath.stream.history cimport SentPacket, StoredPacket, sent_put, store_get
from mediad._fastpath.stream.layer_selector cimport (
    SELECT_FORWARD, SELECT_MARK, SELECT_NEEDS_KEYFRAME, SELECT_WHOLE_PICTURE, selector_decide,
)
from mediad._fastpath.stream.pacer cimport PACED_MEDIA
from mediad._fastpath.stream.playout cimport playout_limits
from mediad._fastpath.stream.rewriter cimport Rewritten, rewriter_drop, rewriter_leaves_hole, rewriter_map
from mediad._fastpath.stream.sender cimport sender_sent
from mediad._fastpath.wire.dependency cimport dependency_write_number
from mediad._fastpath.wire.payload cimport vp8_rewrite
from mediad._fastpath.wire.rtp cimport (
    EXT_ABS_CAPTURE_TIME, EXT_ABS_SEND_TIME, EXT_AUDIO_LEVEL, EXT_DEPENDENCY_DESCRIPTOR, EXT_MID, EXT_ORIENTATION,
    EXT_PLAYOUT_DELAY, EXT_TOFFSET, EXT_TRANSPORT_CC, RTP_HEADER_BYTES, RtpPacket, extension_put, extensions_begin,
    extensions_end,
)
from mediad._fastpath.wire.srtp cimport SRTP_OK, srtp_protect

cdef enum:
    HEADER_ROOM = 128              # extensions we may write but the dependency descriptor, CSRCs and an OSN
    ONE_BYTE_LENGTH = 16           # the longest value of a one-byte extension: RFC 8285 section 4.2
    CATCH_UP_PACKETS = 64          # behind a key frame whose first packet came late

# Copied from the sender's packet when both sides negotiated them.
cdef int[4] PROXIED = [EXT_AUDIO_LEVEL, EXT_ORIENTATION, EXT_TOFFSET, EXT_ABS_CAPTURE_TIME]


# --- decide -----------------------------------------------------------------------------------------------------------

cdef void announce_layers(Engine* engine, Consumer* consumer, uint64_t now_us) noexcept nogil:
    """Tell Python of the layers being sent, when they changed."""
    cdef uint8_t spatial = consumer.layers.spatial if consumer.layers.layered else ALL_LAYERS
    cdef uint8_t temporal = consumer.layers.temporal if consumer.layers.layered else ALL_LAYERS
    if consumer.announced and spatial == consumer.announced_spatial and temporal == consumer.announced_temporal:
        return
    consumer.announced = True
    consumer.announced_spatial = spatial
    consumer.announced_temporal = temporal
    tell_layers(engine, consumer, now_us)


cdef void select_packet(Engine* engine, ReceiveStream* stream, Consumer* consumer, Transport* transport,
                        StoredPacket* stored, uint64_t capture_us, uint64_t now_us) noexcept nogil:
    """Send a packet of the encoding that this consumer follows, if it belongs to the wanted layers."""
    cdef uint32_t decision = selector_decide(
        &consumer.layers, stored.sequence, stored.packet.timestamp, &stored.info)
    announce_layers(engine, consumer, now_us)
    if decision & SELECT_NEEDS_KEYFRAME and not stream.keyframes.wanted:
        demand_keyframe(engine, stream, now_us)
    if decision & SELECT_FORWARD or rewriter_leaves_hole(&consumer.rewriter, stored.sequence):
        send_packet(engine, stream, consumer, transport, stored,
                    stored.packet.marker or decision & SELECT_MARK != 0, capture_us, now_us)
        return
    rewriter_drop(&consumer.rewriter, stored.sequence, &stored.info, decision & SELECT_WHOLE_PICTURE != 0)
    drop(engine, DROP_LAYER_NOT_WANTED)


cdef void packet_send(Engine* engine, ReceiveStream* stream, Consumer* consumer, StoredPacket* stored,
                      uint64_t capture_us, uint64_t now_us) noexcept nogil:
    cdef bint syncs = consumer.needs_sync or consumer.current != <int>stream.encoding
    cdef Transport* transport = &engine.transports[consumer.transport]
    if consumer.rtx_of_payload[stored.packet.payload_type] == 0:
        drop(engine, DROP_CODEC_NOT_ACCEPTED)
        return
    if not transport.has_address or (transport.secure and consumer.rtp_session == NULL):
        drop(engine, DROP_CONSUMER_NOT_CONNECTED)
        return
    if syncs:
        if consumer.target != <int>stream.encoding:
            # Still subscribed to the old stream but told to sync: only the target may begin a segment.
            drop(engine, DROP_WAITING_KEYFRAME)
            return
        if consumer.video and not stored.info.is_keyframe:
            drop(engine, DROP_WAITING_KEYFRAME)
            if not stream.keyframes.wanted:
                demand_keyframe(engine, stream, now_us)
            return
        segment_begin(engine, stream, consumer, stored, capture_us, now_us)
        select_packet(engine, stream, consumer, transport, stored, capture_us, now_us)
        if stored.sequence < stream.receiver.highest:
            catch_up(engine, stream, consumer, transport, stored.sequence, CATCH_UP_PACKETS, now_us)
        return
    if consumer.ignore_dtx and stored.info.is_dtx:
        rewriter_drop(&consumer.rewriter, stored.sequence, &stored.info, False)
        drop(engine, DROP_DTX)
        return
    select_packet(engine, stream, consumer, transport, stored, capture_us, now_us)


cdef void packet_skip(Engine* engine, ReceiveStream* stream, const StoredPacket* stored) noexcept nogil:
    cdef uint32_t i
    cdef Consumer* consumer
    for i in range(stream.subscriber_count):
        consumer = &engine.consumers[stream.subscribers[i]]
        if consumer.current == <int>stream.encoding and not consumer.needs_sync:
            rewriter_drop(&consumer.rewriter, stored.sequence, &stored.info, False)


cdef void catch_up(Engine* engine, ReceiveStream* stream, Consumer* consumer, Transport* transport, int64_t sequence,
                   uint32_t limit, uint64_t now_us) noexcept nogil:
    """Send the packets stored behind a segment's first one, up to `limit`."""
    cdef StoredPacket* stored
    cdef uint32_t _
    for _ in range(limit):
        sequence += 1
        if sequence > stream.receiver.highest:
            return
        stored = store_get(&stream.store, sequence)
        if stored != NULL and consumer.rtx_of_payload[stored.packet.payload_type] != 0:
            select_packet(engine, stream, consumer, transport, stored,
                          capture_us_of(engine, stream, stored.packet.timestamp), now_us)


# --- rewrite ----------------------------------------------------------------------------------------------------------

cdef inline uint8_t descriptor_length(const Consumer* consumer, const StoredPacket* stored) noexcept nogil:
    """Bytes of dependency descriptor to forward; 0 when there is none, or none that could be read and renumbered."""
    if not stored.info.has_frame_number or not consumer.extension_ids[<int>EXT_DEPENDENCY_DESCRIPTOR]:
        return 0
    return stored.packet.extension_length[<int>EXT_DEPENDENCY_DESCRIPTOR]


cdef uint8_t* write_descriptor(Consumer* consumer, const RtpPacket* packet, uint8_t* p, bint two_byte, uint8_t length,
                               uint16_t frame_number) noexcept nogil:
    cdef uint8_t* end = extension_put(
        p, two_byte, consumer.extension_ids[<int>EXT_DEPENDENCY_DESCRIPTOR],
        packet.data + packet.extension_offset[<int>EXT_DEPENDENCY_DESCRIPTOR], length)
    dependency_write_number(end - length, frame_number)
    return end


cdef inline bint tells_playout(const Consumer* consumer, uint8_t payload_type) noexcept nogil:
    """True when our wish may be written: no packet is repeated bit for bit, or none at all."""
    return repeated_over_rtx(consumer, payload_type) or not consumer.nack


cdef uint8_t* write_playout_delay(const Consumer* consumer, const RtpPacket* packet, uint8_t* p,
                                  bint two_byte) noexcept nogil:
    """Write the playout delay that sender and server wish; ours changes, so repeats bit for bit have the sender's."""
    cdef uint8_t value[3]
    cdef const uint8_t* wish = NULL
    if consumer.extension_ids[<int>EXT_PLAYOUT_DELAY] == 0:
        return p
    if packet.extension_offset[<int>EXT_PLAYOUT_DELAY] and packet.extension_length[<int>EXT_PLAYOUT_DELAY] == 3:
        wish = packet.data + packet.extension_offset[<int>EXT_PLAYOUT_DELAY]
    if tells_playout(consumer, packet.payload_type):
        store24(value, playout_limits(&consumer.playout, wish))
    elif wish != NULL:
        memcpy(value, wish, 3)
    else:
        return p
    return extension_put(p, two_byte, consumer.extension_ids[<int>EXT_PLAYOUT_DELAY], value, 3)


cdef uint8_t* write_header(Consumer* consumer, const StoredPacket* stored, uint8_t* out, bint marker,
                           uint8_t payload_type, uint16_t sequence_number, uint32_t timestamp, uint32_t ssrc,
                           uint32_t send_time, uint16_t transport_cc_sequence,
                           uint16_t frame_number) noexcept nogil:
    cdef const RtpPacket* packet = &stored.packet
    cdef uint8_t* p = out + RTP_HEADER_BYTES
    cdef uint8_t described = descriptor_length(consumer, stored)
    cdef bint two_byte = described > ONE_BYTE_LENGTH   # one that brings the structure
    cdef uint8_t* block
    cdef uint8_t value[3]
    cdef int i, kind
    out[0] = 0x80 | packet.csrc_count
    out[1] = <uint8_t>((marker << 7) | payload_type)
    store16(out + 2, sequence_number)
    store32(out + 4, timestamp)
    store32(out + 8, ssrc)
    if packet.csrc_count:
        memcpy(p, packet.data + RTP_HEADER_BYTES, 4 * packet.csrc_count)
        p += 4 * packet.csrc_count
    block = p
    p = extensions_begin(p)
    if consumer.extension_ids[<int>EXT_MID] and consumer.mid_length:
        p = extension_put(p, two_byte, consumer.extension_ids[<int>EXT_MID], consumer.mid, consumer.mid_length)
    if consumer.extension_ids[<int>EXT_ABS_SEND_TIME]:
        store24(value, send_time)
        p = extension_put(p, two_byte, consumer.extension_ids[<int>EXT_ABS_SEND_TIME], value, 3)
    if consumer.extension_ids[<int>EXT_TRANSPORT_CC]:
        store16(value, transport_cc_sequence)
        p = extension_put(p, two_byte, consumer.extension_ids[<int>EXT_TRANSPORT_CC], value, 2)
    for i in range(4):
        kind = PROXIED[i]
        if packet.extension_offset[kind] and consumer.extension_ids[kind] and 0 < packet.extension_length[kind] <= 16:
            p = extension_put(p, two_byte, consumer.extension_ids[kind], packet.data + packet.extension_offset[kind],
                              packet.extension_length[kind])
    if consumer.playout.frames_to_tell or packet.extension_offset[<int>EXT_PLAYOUT_DELAY]:
        p = write_playout_delay(consumer, packet, p, two_byte)
    if described:
        p = write_descriptor(consumer, packet, p, two_byte, described, frame_number)
    if p == block + 4:
        return block
    out[0] |= 0x10
    return extensions_end(block, p, two_byte)


cdef void send_packet(Engine* engine, ReceiveStream* stream, Consumer* consumer, Transport* transport,
                      StoredPacket* stored, bint marker, uint64_t capture_us, uint64_t now_us) noexcept nogil:
    cdef RtpPacket* packet = &stored.packet
    cdef Rewritten rewritten
    cdef SentPacket* sent = NULL
    if not rewriter_map(&consumer.rewriter, stored.sequence, packet.timestamp, &stored.info, stored.received_us,
                        &rewritten):
        drop(engine, DROP_OUT_OF_SEGMENT)
        return
    if rewritten.timestamp == consumer.rewriter.highest_timestamp:
        consumer.newest_capture_us = capture_us
    if packet.payload_length + HEADER_ROOM + descriptor_length(consumer, stored) + TAIL_BYTES > DATAGRAM_BYTES:
        drop(engine, DROP_TOO_LARGE)
        return
    if consumer.nack:
        sent = sent_put(&consumer.history, rewritten.sequence_number)
        sent.serial = stored.serial
        sent.source_sequence = <uint16_t>stored.sequence
        sent.encoding = <uint8_t>stream.encoding
        sent.timestamp = rewritten.timestamp
        sent.picture_id = rewritten.picture_id
        sent.tl0_picture_index = rewritten.tl0_picture_index
        sent.frame_number = rewritten.frame_number
        sent.marker = marker
        if consumer.video and hold_packet(engine, transport, PACED_MEDIA, consumer, rewritten.sequence_number,
                                          packet.length, now_us):
            return
    write_first(engine, consumer, transport, stored, sent, &rewritten, marker, capture_us, now_us)


cdef uint64_t capture_of(const Consumer* consumer, const StoredPacket* stored, uint32_t timestamp,
                         uint64_t capture_us) noexcept nogil:
    """Capture time of a picture with this timestamp, so that sender reports relate the two.

    Squeezing by the rewriter makes it later than the real time by as much; 0 when the segment is over.
    """
    cdef uint64_t squeezed = <uint32_t>(timestamp - stored.packet.timestamp - consumer.rewriter.timestamp_offset)
    if capture_us == 0 or squeezed > 4 * consumer.sender.clock_rate:
        return 0
    return capture_us + squeezed * 1000000 // consumer.sender.clock_rate


cdef void told_once(Consumer* consumer, uint8_t payload_type) noexcept nogil:
    """Count a frame that told of the playout delay; another server, which keeps none, is told with each."""
    if repeated_over_rtx(consumer, payload_type) and not consumer.layers.whole:
        consumer.playout.frames_to_tell -= 1


cdef void remember_header(SentPacket* sent, const uint8_t* header, const uint8_t* end) noexcept nogil:
    """Keep a hash of the header, which a repeat under the same number is compared with."""
    sent.header_hash = header_hash(header, end)


# Through a pointer, so that it is not inlined: most packets are repeated over RTX, and pay for the registers it needs.
ctypedef void (*Remember)(SentPacket* sent, const uint8_t* header, const uint8_t* end) noexcept nogil
cdef Remember remember = remember_header


cdef void write_first(Engine* engine, Consumer* consumer, Transport* transport, StoredPacket* stored, SentPacket* sent,
                      const Rewritten* rewritten, bint marker, uint64_t capture_us, uint64_t now_us) noexcept nogil:
    cdef RtpPacket* packet = &stored.packet
    cdef uint32_t send_time = abs_send_time(now_us)
    cdef uint8_t* out = datagram_begin(engine, transport)
    cdef uint8_t* payload
    cdef int length
    if out == NULL:
        drop(engine, DROP_CONSUMER_NOT_CONNECTED)
        return
    payload = write_header(consumer, stored, out, marker, packet.payload_type, rewritten.sequence_number,
                           rewritten.timestamp, consumer.ssrc, send_time, transport.transport_cc_sequence,
                           rewritten.frame_number)
    if sent != NULL:
        sent.abs_send_time = send_time
        sent.transport_cc_sequence = transport.transport_cc_sequence
        if consumer.rtx_of_payload[packet.payload_type] == NO_RTX or consumer.rtx_ssrc == 0:
            remember(sent, out, payload)
    memcpy(payload, packet.data + packet.header_length, packet.payload_length)
    if stored.info.picture_id_bits or stored.info.tl0_offset:
        vp8_rewrite(payload, &stored.info, rewritten.picture_id, rewritten.tl0_picture_index)
    length = <int>(payload - out) + packet.payload_length
    sender_sent(&consumer.sender, rewritten.timestamp, packet.payload_length, <uint32_t>length,
                capture_of(consumer, stored, rewritten.timestamp, capture_us), now_us)
    transport.rtp_sent.bytes += <uint64_t>length
    rate_add(&transport.rtp_sent.rate, <uint32_t>length, now_us)
    if transport.secure and srtp_protect(consumer.rtp_session, out, &length) != SRTP_OK:
        drop(engine, DROP_PROTECT_FAILED)
        return
    if sent != NULL:
        sent.held = 0
    engine.counts[<int>COUNT_RTP_FORWARDED] += 1
    if marker and consumer.playout.frames_to_tell:
        told_once(consumer, packet.payload_type)
    log_sent(transport, consumer, <uint32_t>length, now_us)
    datagram_commit(engine, transport, <uint32_t>length, now_us)


# --- for repeats ------------------------------------------------------------------------------------------------------
# write_header and write_first stay private to this file: that spares a dozen instructions a packet.

cdef uint8_t* packet_write_header(Consumer* consumer, const StoredPacket* stored, uint8_t* out, bint marker,
                                  uint8_t payload_type, uint16_t sequence_number, uint32_t timestamp, uint32_t ssrc,
                                  uint32_t send_time, uint16_t transport_cc_sequence,
                                  uint16_t frame_number) noexcept nogil:
    return write_header(consumer, stored, out, marker, payload_type, sequence_number, timestamp, ssrc, send_time,
                        transport_cc_sequence, frame_number)


cdef void packet_write_first(Engine* engine, Consumer* consumer, Transport* transport, StoredPacket* stored,
                             SentPacket* sent, const Rewritten* rewritten, bint marker, uint64_t capture_us,
                             uint64_t now_us) noexcept nogil:
    write_first(engine, consumer, transport, stored, sent, rewritten, marker, capture_us, now_us)


# --- for a replay -----------------------------------------------------------------------------------------------------

cdef void packet_replay(Engine* engine, ReceiveStream* stream, Consumer* consumer, StoredPacket* stored, uint32_t limit,
                        uint64_t now_us) noexcept nogil:
    cdef Transport* transport = &engine.transports[consumer.transport]
    cdef uint64_t capture_us = capture_us_of(engine, stream, stored.packet.timestamp)
    segment_begin(engine, stream, consumer, stored, capture_us, now_us)
    select_packet(engine, stream, consumer, transport, stored, capture_us, now_us)
    catch_up(engine, stream, consumer, transport, stored.sequence, limit, now_us)
