"""Handling of an authentic RTP packet of a known stream: account for it, describe it, store it, forward it."""

from libc.stdint cimport int64_t, uint32_t, uint64_t, uint8_t
from libc.string cimport memset
from mediad._fastpath.base.rate cimport rate_add
from mediad._fastpath.base.wheel cimport wheel_arm, wheel_arm_sooner
from mediad._fastpath.engine.egress.packet cimport packet_send, packet_skip
from mediad._fastpath.engine.egress.segment cimport capture_us_of
from mediad._fastpath.engine.graph cimport (
    NO_CODEC, RTX_FLAG, Consumer, Engine, Producer, ReceiveStream, Transport, drop, feedback_timer, keeper_timer,
    nack_timer, transport_index,
)
from mediad._fastpath.engine.ingress.binding cimport detect_stream
from mediad._fastpath.engine.counts cimport (
    DROP_DUPLICATE, DROP_PADDING_ONLY, DROP_PAYLOAD_TYPE_UNKNOWN, DROP_PRODUCER_PAUSED, DROP_RTX_STALE,
    DROP_SEQUENCE_JUMP,
)
from mediad._fastpath.engine.messages cimport MAX_ENCODINGS, CodecBody
from mediad._fastpath.engine.news cimport tell_bitrates, tell_stream
from mediad._fastpath.stream.history cimport EXPIRY_US, StoredPacket, store_clear, store_put
from mediad._fastpath.stream.keyframes cimport keyframes_received
from mediad._fastpath.stream.layer_rates cimport layer_rates_add, layer_rates_clear
from mediad._fastpath.stream.level_meter cimport level_meter_add
from mediad._fastpath.stream.nack cimport nack_deadline
from mediad._fastpath.stream.receiver cimport (
    ARRIVAL_DUPLICATE, ARRIVAL_NEW, ARRIVAL_OUT_OF_RANGE, ARRIVAL_RESET, Arrival, receiver_falls_silent,
    receiver_packet, receiver_score_is_news,
)
from mediad._fastpath.stream.twcc cimport TWCC_INTERVAL_US, twcc_pending, twcc_received
from mediad._fastpath.wire.payload cimport CODEC_RED, Codec, PayloadInfo, payload_describe
from mediad._fastpath.wire.red cimport red_map_payload_type
from mediad._fastpath.wire.rtp cimport (
    EXT_AUDIO_LEVEL, EXT_TRANSPORT_CC, RtpPacket, rtp_map_extensions, rtp_unwrap_rtx,
)


cdef enum:
    UNANSWERED = 4             # requests for a key frame: the last of them 2.5 seconds after the first


cdef void receive_rtp(Engine* engine, Transport* transport, ReceiveStream* stream, bint is_rtx, uint32_t slot,
                      RtpPacket* packet, uint64_t now_us) noexcept nogil:
    """Take in an authentic packet of a known stream: account for it, undo RTX, describe it, store it, forward it."""
    cdef Producer* producer = &engine.producers[stream.producer]
    cdef uint8_t codec_index = producer.codec_of_payload[packet.payload_type]
    cdef CodecBody* codec
    cdef PayloadInfo info
    cdef Arrival arrival
    cdef int64_t sequence = 0
    stream.heard_us[is_rtx] = now_us
    rtp_map_extensions(packet, producer.kind_of_extension)
    count_arrival(engine, transport, producer, packet, now_us)
    if codec_index == NO_CODEC or ((codec_index & RTX_FLAG) != 0) != is_rtx:
        drop(engine, DROP_PAYLOAD_TYPE_UNKNOWN)
        return
    codec = &producer.codecs[codec_index & ~RTX_FLAG]
    if not stream.detected and (is_rtx or not detect_stream(
            engine, stream.producer * MAX_ENCODINGS + stream.encoding, packet.ssrc, packet.payload_type)):
        drop(engine, DROP_RTX_STALE)
        return
    if is_rtx:
        transport.rtx_received.bytes += packet.length
        rate_add(&transport.rtx_received.rate, packet.length, now_us)
        if packet.payload_length == 0 or not rtp_unwrap_rtx(packet, codec.payload_type, stream.receiver.ssrc):
            drop(engine, DROP_PADDING_ONLY)
            return
    else:
        transport.rtp_received.bytes += packet.length
        rate_add(&transport.rtp_received.rate, packet.length, now_us)
    memset(&info, 0, sizeof(PayloadInfo))
    payload_describe(<Codec>codec.codec, packet, &stream.dependencies, &info)
    remember_layers(stream, &info)
    doubt_keyframe(stream, &info)
    arrival = receiver_packet(&stream.receiver, packet.sequence_number, packet.timestamp, packet.length,
                              info.is_keyframe and not info.is_doubtful, is_rtx, now_us, &sequence)
    if arrival == ARRIVAL_DUPLICATE:
        drop(engine, DROP_DUPLICATE)
        return
    if arrival == ARRIVAL_OUT_OF_RANGE:
        drop(engine, DROP_SEQUENCE_JUMP)
        return
    if arrival == ARRIVAL_RESET:
        restart_stream(engine, stream)
    follow_stream(engine, stream, producer, now_us)
    if arrival == ARRIVAL_NEW and not is_rtx and packet.payload_length:
        if packet.marker and producer.inactivity_us:
            miss_upper_streams(engine, stream, producer, now_us)
        stream.progress_us = now_us
    layer_rates_add(&stream.rates, &info, packet.length, now_us)
    tell_bitrates(engine, stream, now_us)
    if codec.codec == <uint32_t>CODEC_RED and not map_red(producer, packet):
        drop(engine, DROP_PAYLOAD_TYPE_UNKNOWN)
        return
    packet.payload_type = codec.router_payload_type
    if producer.paused:
        drop(engine, DROP_PRODUCER_PAUSED)
        return
    count_level(producer, packet)
    forward(engine, stream, slot, packet, &info, sequence, now_us)


cdef void remember_layers(ReceiveStream* stream, PayloadInfo* info) noexcept nogil:
    """Keep the number of spatial layers: VP9 tells it at key pictures only, and consumers need it at any."""
    if info.spatial_count != 0:
        stream.spatial_count = info.spatial_count
    info.spatial_count = stream.spatial_count


cdef bint map_red(const Producer* producer, RtpPacket* packet) noexcept nogil:
    """Translate the payload types inside redundant audio, as that of the packet itself is."""
    cdef const CodecBody* primary
    if producer.red_primary == NO_CODEC:
        return False
    primary = &producer.codecs[producer.red_primary]
    return packet.payload_length == 0 or red_map_payload_type(
        packet.data + packet.header_length, packet.payload_length, primary.payload_type, primary.router_payload_type)


cdef void doubt_keyframe(ReceiveStream* stream, PayloadInfo* info) noexcept nogil:
    """Judge whether a packet that may be encrypted starts a key frame.

    Once a stream has shown a key frame beyond doubt, its headers are in the clear and doubtful ones are none. A sender
    that has begun to encrypt its headers too shows that by leaving requests unanswered: then any may be one again.
    """
    if not info.is_keyframe:
        return
    if not info.is_doubtful:
        stream.shows_keyframes = True
    elif stream.shows_keyframes:
        if stream.keyframes.wanted and stream.keyframes.asked >= UNANSWERED:
            stream.shows_keyframes = False
        else:
            info.is_keyframe = False
            info.is_doubtful = False


cdef void count_arrival(Engine* engine, Transport* transport, Producer* producer, const RtpPacket* packet,
                        uint64_t now_us) noexcept nogil:
    """Note a packet's arrival for transport-cc, which counts every packet with the number, probes and RTX included."""
    cdef uint32_t offset = packet.extension_offset[<int>EXT_TRANSPORT_CC]
    if not producer.transport_cc or offset == 0 or packet.extension_length[<int>EXT_TRANSPORT_CC] != 2:
        return
    if not twcc_pending(&transport.transport_cc):
        wheel_arm(&engine.wheel, feedback_timer(engine, transport_index(engine, transport)), now_us + TWCC_INTERVAL_US)
    twcc_received(&transport.transport_cc, <uint32_t>(packet.data[offset] << 8) | packet.data[offset + 1], packet.ssrc,
                  now_us)


cdef void count_level(Producer* producer, const RtpPacket* packet) noexcept nogil:
    """Add a packet's audio level (RFC 6464): one byte, voice flag and -dBov."""
    cdef uint32_t offset = packet.extension_offset[<int>EXT_AUDIO_LEVEL]
    if producer.levels.step_ticks and offset != 0:
        level_meter_add(&producer.levels, packet.timestamp, packet.data[offset] & 0x7F)


cdef void follow_stream(Engine* engine, ReceiveStream* stream, Producer* producer, uint64_t now_us) noexcept nogil:
    """Tell of silence that ended, and arm the timer for gaps to ask for."""
    cdef uint64_t deadline
    if receiver_score_is_news(&stream.receiver):
        tell_stream(engine, stream, now_us)
    if stream.receiver.use_nack and not producer.paused:
        deadline = now_us if stream.receiver.nack.wants_keyframe else nack_deadline(&stream.receiver.nack)
        if deadline != 0:
            wheel_arm_sooner(&engine.wheel, nack_timer(engine, stream.producer * MAX_ENCODINGS + stream.encoding),
                             deadline)


cdef void miss_upper_streams(Engine* engine, const ReceiveStream* stream, const Producer* producer,
                             uint64_t now_us) noexcept nogil:
    """Find higher encodings that their sender gave up: a lower one of the same camera goes on and they do not.

    Their consumers should not wait for a timer to find out.
    """
    cdef uint64_t quiet_us = producer.inactivity_us // 4
    cdef ReceiveStream* upper
    cdef uint32_t encoding
    if now_us > stream.progress_us + quiet_us // 2:
        return                         # there was no network, or few pictures
    for encoding in range(stream.encoding + 1, producer.encoding_count):
        upper = &engine.streams[stream.producer * MAX_ENCODINGS + encoding]
        if upper.receiver.is_active and now_us > upper.progress_us + quiet_us:
            receiver_falls_silent(&upper.receiver)
            tell_stream(engine, upper, now_us)


cdef void restart_stream(Engine* engine, ReceiveStream* stream) noexcept nogil:
    """Start a stream anew after its sender began a new sequence: the store is emptied, every consumer syncs again."""
    cdef uint32_t i
    cdef Consumer* consumer
    store_clear(&stream.store)
    stream.spatial_count = 0
    stream.shows_keyframes = False
    layer_rates_clear(&stream.rates)
    stream.keyframe_sequence = -1
    for i in range(stream.subscriber_count):
        consumer = &engine.consumers[stream.subscribers[i]]
        if consumer.current == <int>stream.encoding:
            consumer.needs_sync = True


cdef void forward(Engine* engine, ReceiveStream* stream, uint32_t slot, RtpPacket* packet, const PayloadInfo* info,
                  int64_t sequence, uint64_t now_us) noexcept nogil:
    """Store a packet for retransmission, then send it to each subscriber."""
    cdef StoredPacket* stored = store_put(&stream.store, sequence, slot, packet, info, now_us)
    cdef uint64_t capture_us
    cdef uint32_t i
    if stored == NULL:
        drop(engine, DROP_DUPLICATE)
        return
    if not engine.keeper_waits:
        engine.keeper_waits = True
        wheel_arm(&engine.wheel, keeper_timer(engine),
                  now_us + engine.keeper.keep_us[<int>stream.store.kind] + EXPIRY_US)
    if packet.payload_length == 0:
        drop(engine, DROP_PADDING_ONLY)
        packet_skip(engine, stream, stored)
        return
    if info.is_keyframe:
        keyframes_received(&stream.keyframes, now_us)
        if sequence > stream.keyframe_sequence and not info.is_doubtful:
            stream.keyframe_sequence = sequence
            stream.keyframe_us = now_us
    if stream.subscriber_count == 0:
        return
    capture_us = capture_us_of(engine, stream, packet.timestamp)
    # A consumer that switches to this stream leaves the other one's list, never this one.
    for i in range(stream.subscriber_count):
        packet_send(engine, stream, &engine.consumers[stream.subscribers[i]], stored, capture_us, now_us)
