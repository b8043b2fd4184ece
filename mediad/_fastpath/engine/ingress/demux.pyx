"""One datagram in, from first byte to fan-out. Read top to bottom, this is the way of a packet.

The order is the security of it: route on clear header fields, authenticate, and only then let anything change. STUN
that names none of our username fragments and DTLS from addresses that ICE has not validated end here, before they cost
Python anything.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memset
from mediad._fastpath.base.octets cimport load32
from mediad._fastpath.base.pool cimport pool_data
from mediad._fastpath.base.rate cimport rate_add
from mediad._fastpath.base.table cimport NO_VALUE, Address, address_table_get, table_get
from mediad._fastpath.base.wheel cimport wheel_arm, wheel_arm_sooner
from mediad._fastpath.engine.ingress.binding cimport UNBOUND, bind_stream, detect_stream, find_stream, may_bind
from mediad._fastpath.engine.egress.follow cimport egress_capture_us, egress_packet, egress_skip
from mediad._fastpath.engine.graph cimport (
    NO_CODEC, RTX_FLAG, Consumer, Engine, Producer, ReceiveStream, Transport, drop, feedback_timer,
    keeper_timer, nack_timer, ssrc_key, transport_index,
)
from mediad._fastpath.engine.messages cimport (
    COUNT_DATAGRAMS_RECEIVED, COUNT_RTCP_RECEIVED, COUNT_RTP_RECEIVED, DROP_DTLS_UNKNOWN_ADDRESS, DROP_DUPLICATE,
    DROP_MEDIA_UNKNOWN_ADDRESS, DROP_NO_KEYS, DROP_PADDING_ONLY, DROP_PAYLOAD_TYPE_UNKNOWN, DROP_PRODUCER_PAUSED,
    DROP_REPORTER_UNKNOWN, DROP_RTP_MALFORMED, DROP_RTX_STALE, DROP_SEQUENCE_JUMP, DROP_SRTP_AUTH, DROP_SRTP_REPLAY,
    DROP_SSRC_SECOND, DROP_SSRC_UNKNOWN, DROP_UNKNOWN_PROTOCOL, MAX_ADDRESSES, MAX_ENCODINGS, CodecBody,
)
from mediad._fastpath.engine.news cimport tell_bitrates, tell_stream
from mediad._fastpath.engine.ingress.paths cimport path_heard
from mediad._fastpath.engine.ingress.punts cimport receive_dtls, receive_stun
from mediad._fastpath.engine.ingress.rtcp cimport receive_rtcp
from mediad._fastpath.engine.ingress.srtp_streams cimport forget_ssrc, reporter_came, reporter_known, reporter_may_come
from mediad._fastpath.stream.history cimport EXPIRY_US, StoredPacket, store_clear, store_put
from mediad._fastpath.stream.keyframes cimport keyframes_received
from mediad._fastpath.stream.layer_rates cimport layer_rates_add, layer_rates_clear
from mediad._fastpath.stream.nack cimport nack_deadline
from mediad._fastpath.stream.receiver cimport (
    ARRIVAL_DUPLICATE, ARRIVAL_NEW, ARRIVAL_OUT_OF_RANGE, ARRIVAL_RESET, Arrival, receiver_falls_silent,
    receiver_packet, receiver_score_is_news,
)
from mediad._fastpath.stream.twcc cimport TWCC_INTERVAL_US, twcc_pending, twcc_received
from mediad._fastpath.wire.payload cimport Codec, PayloadInfo, payload_describe
from mediad._fastpath.wire.rtp cimport (
    EXT_AUDIO_LEVEL, EXT_TRANSPORT_CC, PARSE_OK, RtpPacket, rtp_finish, rtp_map_extensions, rtp_parse,
    rtp_unwrap_rtx,
)
from mediad._fastpath.wire.srtp cimport (
    SRTP_OK, SRTP_REPLAY_FAIL, SRTP_REPLAY_OLD, srtp_unprotect, srtp_unprotect_rtcp,
)

cdef enum:
    DTLS_HEADER_BYTES = 13
    RTCP_HEADER_BYTES = 8


cdef void engine_receive(Engine* engine, uint32_t slot, uint32_t length, const Address* source,
                         uint64_t now_us) noexcept nogil:
    """Demultiplex by the first byte (RFC 7983)."""
    cdef uint8_t* data = pool_data(&engine.pool, slot)
    cdef uint32_t place            # of the transport and its path
    cdef uint8_t first
    engine.counts[<int>COUNT_DATAGRAMS_RECEIVED] += 1
    if length == 0:
        drop(engine, DROP_UNKNOWN_PROTOCOL)
        return
    first = data[0]
    if first < 4:
        receive_stun(engine, data, length, source, now_us)
        return
    place = address_table_get(&engine.addresses, source)
    if 20 <= first < 64 and length >= DTLS_HEADER_BYTES:
        if place == NO_VALUE:
            drop(engine, DROP_DTLS_UNKNOWN_ADDRESS)
        else:
            receive_dtls(engine, place, data, length, source, now_us)
        return
    if not 128 <= first < 192:
        drop(engine, DROP_UNKNOWN_PROTOCOL)
        return
    if place == NO_VALUE:
        drop(engine, DROP_MEDIA_UNKNOWN_ADDRESS)
    elif length >= RTCP_HEADER_BYTES and 192 <= data[1] < 224:
        receive_srtcp(engine, place, data, length, now_us)
    else:
        receive_srtp(engine, place, slot, data, length, now_us)


cdef void receive_srtcp(Engine* engine, uint32_t place, uint8_t* data, uint32_t length,
                        uint64_t now_us) noexcept nogil:
    cdef Transport* transport = &engine.transports[place // MAX_ADDRESSES]
    cdef int size = <int>length
    cdef uint32_t ssrc = load32(data + 4)
    cdef bint known
    if transport.secure:
        if not transport.has_keys:
            drop(engine, DROP_NO_KEYS)
            return
        known = reporter_known(engine, transport, ssrc)
        if not known and not reporter_may_come(transport, now_us):
            drop(engine, DROP_REPORTER_UNKNOWN)
            return
        if not authentic(engine, srtp_unprotect_rtcp(transport.receive_session, data, &size)):
            return
        if not known:
            reporter_came(engine, transport, ssrc, now_us)
    path_heard(engine, transport, place % MAX_ADDRESSES, now_us)
    engine.counts[<int>COUNT_RTCP_RECEIVED] += 1
    transport.received.bytes += length
    rate_add(&transport.received.rate, length, now_us)
    receive_rtcp(engine, transport, data, <uint32_t>size, now_us)


cdef bint authentic(Engine* engine, int status) noexcept nogil:
    if status == SRTP_OK:
        return True
    if status == SRTP_REPLAY_FAIL or status == SRTP_REPLAY_OLD:
        drop(engine, DROP_SRTP_REPLAY)
    else:
        drop(engine, DROP_SRTP_AUTH)
    return False


cdef void receive_srtp(Engine* engine, uint32_t place, uint32_t slot, uint8_t* data, uint32_t length,
                       uint64_t now_us) noexcept nogil:
    """Header, keys, the stream it belongs to, authentication; then an SSRC that is new may be bound to its stream."""
    cdef Transport* transport = &engine.transports[place // MAX_ADDRESSES]
    cdef RtpPacket packet
    cdef int size = <int>length
    cdef uint32_t bound
    cdef bint is_new
    if rtp_parse(&packet, data, length) != PARSE_OK:
        drop(engine, DROP_RTP_MALFORMED)
        return
    if transport.secure and not transport.has_keys:
        drop(engine, DROP_NO_KEYS)
        return
    bound = table_get(&engine.inbound, ssrc_key(transport_index(engine, transport), packet.ssrc))
    is_new = bound == NO_VALUE
    if is_new:
        bound = find_stream(engine, transport, &packet)
        if bound == UNBOUND:
            drop(engine, DROP_SSRC_UNKNOWN)
            return
        if not may_bind(engine, bound, now_us):
            drop(engine, DROP_SSRC_SECOND)
            return
    if transport.secure and not authentic(engine, srtp_unprotect(transport.receive_session, data, &size)):
        return
    path_heard(engine, transport, place % MAX_ADDRESSES, now_us)
    transport.received.bytes += length
    rate_add(&transport.received.rate, length, now_us)
    engine.counts[<int>COUNT_RTP_RECEIVED] += 1
    if rtp_finish(&packet, <uint32_t>size) != PARSE_OK:
        drop(engine, DROP_RTP_MALFORMED)
        if is_new:
            forget_ssrc(engine, transport, packet.ssrc)
        return
    if is_new and not bind_stream(engine, transport, bound, &packet, now_us):
        drop(engine, DROP_SSRC_UNKNOWN)
        forget_ssrc(engine, transport, packet.ssrc)
        return
    receive_rtp(engine, transport, &engine.streams[bound >> 1], (bound & 1) != 0, slot, &packet, now_us)


cdef void receive_rtp(Engine* engine, Transport* transport, ReceiveStream* stream, bint is_rtx, uint32_t slot,
                      RtpPacket* packet, uint64_t now_us) noexcept nogil:
    """An authentic packet of a known stream: account for it, undo RTX, describe it, store it, forward it."""
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
    arrival = receiver_packet(&stream.receiver, packet.sequence_number, packet.timestamp, packet.length,
                              info.is_keyframe, is_rtx, now_us, &sequence)
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
    packet.payload_type = codec.router_payload_type
    if producer.paused:
        drop(engine, DROP_PRODUCER_PAUSED)
        return
    count_level(producer, packet)
    forward(engine, stream, slot, packet, &info, sequence, now_us)


cdef void remember_layers(ReceiveStream* stream, PayloadInfo* info) noexcept nogil:
    """VP9 tells how many spatial layers it sends at key pictures only; followers want to know at any."""
    if info.spatial_count != 0:
        stream.spatial_count = info.spatial_count
    info.spatial_count = stream.spatial_count


cdef void count_arrival(Engine* engine, Transport* transport, Producer* producer, const RtpPacket* packet,
                        uint64_t now_us) noexcept nogil:
    """Transport-cc counts every packet that carries the number, probes and RTX included."""
    cdef uint32_t offset = packet.extension_offset[<int>EXT_TRANSPORT_CC]
    if not producer.transport_cc or offset == 0 or packet.extension_length[<int>EXT_TRANSPORT_CC] != 2:
        return
    if not twcc_pending(&transport.transport_cc):
        wheel_arm(&engine.wheel, feedback_timer(engine, transport_index(engine, transport)), now_us + TWCC_INTERVAL_US)
    twcc_received(&transport.transport_cc, <uint32_t>(packet.data[offset] << 8) | packet.data[offset + 1], packet.ssrc,
                  now_us)


cdef void count_level(Producer* producer, const RtpPacket* packet) noexcept nogil:
    """RFC 6464: one byte, voice flag and -dBov."""
    cdef uint32_t offset = packet.extension_offset[<int>EXT_AUDIO_LEVEL]
    if producer.levels and offset != 0:
        producer.level_sum += packet.data[offset] & 0x7F
        producer.level_count += 1


cdef void follow_stream(Engine* engine, ReceiveStream* stream, Producer* producer, uint64_t now_us) noexcept nogil:
    """Silence that ended, and gaps to ask for."""
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
    """Encodings of one camera come together. Where a lower one goes on, a higher one that does not was given up by its
    sender, and whoever watches it should not wait for a timer to find out."""
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
    """The sender began a new sequence: what was kept means nothing now, and every follower needs a new start."""
    cdef uint32_t i
    cdef Consumer* consumer
    store_clear(&stream.store)
    stream.spatial_count = 0
    layer_rates_clear(&stream.rates)
    stream.keyframe_sequence = -1
    for i in range(stream.subscriber_count):
        consumer = &engine.consumers[stream.subscribers[i]]
        if consumer.current == <int>stream.encoding:
            consumer.needs_sync = True


cdef void forward(Engine* engine, ReceiveStream* stream, uint32_t slot, RtpPacket* packet, const PayloadInfo* info,
                  int64_t sequence, uint64_t now_us) noexcept nogil:
    """Keep it for retransmission, then to each subscriber."""
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
        egress_skip(engine, stream, stored)
        return
    if info.is_keyframe:
        keyframes_received(&stream.keyframes, now_us)
        if sequence > stream.keyframe_sequence:
            stream.keyframe_sequence = sequence
            stream.keyframe_us = now_us
    if stream.subscriber_count == 0:
        return
    capture_us = egress_capture_us(engine, stream, packet.timestamp)
    # A consumer that switches to this stream leaves the other one's list, never this one.
    for i in range(stream.subscriber_count):
        egress_packet(engine, stream, &engine.consumers[stream.subscribers[i]], stored, capture_us, now_us)
