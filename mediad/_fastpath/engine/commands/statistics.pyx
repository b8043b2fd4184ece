"""Answers to stats requests, as events."""

from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.string cimport memset
from mediad._fastpath.base.rate cimport rate_bps
from mediad._fastpath.engine.egress.estimate cimport available_bps
from mediad._fastpath.engine.events cimport emit, event_begin
from mediad._fastpath.engine.graph cimport (
    NONE, Consumer, Engine, Producer, ReceiveStream, Transport, consumer_of, producer_of, transport_of,
)
from mediad._fastpath.engine.messages cimport (
    EVENT_STATS, INDEX_MASK, KIND_CONSUMER, KIND_PRODUCER, KIND_TRANSPORT, MAX_ENCODINGS, Event,
)
from mediad._fastpath.engine.stats_records cimport StreamStats, TransportStats
from mediad._fastpath.stream.layer_rates cimport layer_rates_read


cdef void tell_stats(Engine* engine, uint32_t handle, uint32_t kind, uint64_t request_id,
                     uint64_t now_us) noexcept nogil:
    cdef Event event
    cdef Transport* transport
    cdef Producer* producer
    cdef Consumer* consumer
    cdef ReceiveStream* stream
    cdef uint32_t encoding
    event_begin(&event, EVENT_STATS, handle)
    event.body.stats.request_id = request_id
    event.body.stats.kind = kind
    if kind == KIND_TRANSPORT:
        transport = transport_of(engine, handle)
        if transport != NULL:
            event.body.stats.present = 1
            transport_stats(engine, transport, &event.body.stats.values.transport, now_us)
    elif kind == KIND_PRODUCER:
        producer = producer_of(engine, handle)
        if producer != NULL:
            for encoding in range(producer.encoding_count):
                stream = &engine.streams[(handle & INDEX_MASK) * MAX_ENCODINGS + encoding]
                if stream.detected:
                    event.body.stats.present = 1
                    received_stats(producer, stream, &event.body.stats.values.stream,
                                   engine.transports[producer.transport].rtt_us, now_us)
                    emit(engine, &event)
            event.body.stats.present = 0
    elif kind == KIND_CONSUMER:
        consumer = consumer_of(engine, handle)
        if consumer != NULL:
            event.body.stats.present = 1
            sent_stats(consumer, &event.body.stats.values.stream, now_us)
    event.body.stats.last = 1
    emit(engine, &event)


cdef void transport_stats(Engine* engine, Transport* transport, TransportStats* stats, uint64_t now_us) noexcept nogil:
    stats.bytes_received = transport.received.bytes
    stats.recv_bitrate = rate_bps(&transport.received.rate, now_us)
    stats.bytes_sent = transport.sent.bytes
    stats.send_bitrate = rate_bps(&transport.sent.rate, now_us)
    stats.rtp_bytes_received = transport.rtp_received.bytes
    stats.rtp_recv_bitrate = rate_bps(&transport.rtp_received.rate, now_us)
    stats.rtp_bytes_sent = transport.rtp_sent.bytes
    stats.rtp_send_bitrate = rate_bps(&transport.rtp_sent.rate, now_us)
    stats.rtx_bytes_received = transport.rtx_received.bytes
    stats.rtx_recv_bitrate = rate_bps(&transport.rtx_received.rate, now_us)
    stats.rtx_bytes_sent = transport.rtx_sent.bytes
    stats.rtx_send_bitrate = rate_bps(&transport.rtx_sent.rate, now_us)
    stats.probation_bytes_sent = transport.probation.sent.bytes
    stats.probation_send_bitrate = rate_bps(&transport.probation.sent.rate, now_us)
    stats.available_outgoing_bitrate = available_bps(transport)
    stats.available_incoming_bitrate = transport.announced_bitrate_bps
    stats.received_loss_permille = received_loss(engine, transport)
    stats.sent_loss_permille = sent_loss(engine, transport)


cdef int32_t received_loss(Engine* engine, Transport* transport) noexcept nogil:
    """The worst stream's loss of the last report interval, in thousandths; -1 when nothing was received."""
    cdef uint32_t index = transport.first_producer
    cdef uint32_t encoding
    cdef int32_t worst = -1
    cdef int32_t loss
    cdef ReceiveStream* stream
    while index != NONE:
        for encoding in range(engine.producers[index].encoding_count):
            stream = &engine.streams[index * MAX_ENCODINGS + encoding]
            if stream.detected:
                loss = <int32_t>stream.receiver.fraction_lost * 1000 // 256
                if loss > worst:
                    worst = loss
        index = engine.producers[index].next_in_transport
    return worst


cdef int32_t sent_loss(Engine* engine, Transport* transport) noexcept nogil:
    cdef uint32_t index = transport.first_consumer
    cdef int32_t worst = -1
    cdef int32_t loss
    while index != NONE:
        if engine.consumers[index].sender.packets:
            loss = <int32_t>engine.consumers[index].sender.fraction_lost * 1000 // 256
            if loss > worst:
                worst = loss
        index = engine.consumers[index].next_in_transport
    return worst


cdef void received_stats(Producer* producer, ReceiveStream* stream, StreamStats* stats, uint64_t rtt_us,
                         uint64_t now_us) noexcept nogil:
    cdef int64_t expected = stream.receiver.highest - stream.receiver.base_sequence + 1
    memset(stats, 0, sizeof(StreamStats))
    stats.encoding = <int32_t>stream.encoding
    stats.ssrc = stream.receiver.ssrc
    stats.rtx_ssrc = stream.receiver.rtx_ssrc
    stats.packets_lost = expected - <int64_t>stream.receiver.packets if stream.receiver.started else 0
    stats.fraction_lost = stream.receiver.fraction_lost
    stats.jitter = <uint32_t>stream.receiver.jitter
    stats.packets_discarded = stream.receiver.packets_discarded
    stats.packets_retransmitted = stream.receiver.packets_retransmitted
    stats.packets_repaired = stream.receiver.packets_repaired
    stats.nack_count = stream.receiver.nack.nacks_sent
    stats.nack_packet_count = stream.receiver.nack.nacked_packets
    stats.pli_count = stream.keyframes.requests if producer.pli or not producer.fir else 0
    stats.fir_count = stream.keyframes.requests - stats.pli_count
    stats.score = stream.receiver.score
    stats.rtt_us = rtt_us
    stats.rtx_packets_discarded = stream.receiver.rtx_discarded
    stats.packet_count = stream.receiver.packets
    stats.byte_count = stream.receiver.bytes
    stats.bitrate = rate_bps(&stream.receiver.rate, now_us)
    stats.active = stream.receiver.is_active
    stats.spatial_count = stream.rates.spatial_count
    stats.temporal_count = stream.rates.temporal_count
    layer_rates_read(&stream.rates, stats.layer_bitrates, now_us)


cdef void sent_stats(Consumer* consumer, StreamStats* stats, uint64_t now_us) noexcept nogil:
    memset(stats, 0, sizeof(StreamStats))
    stats.encoding = consumer.current
    stats.ssrc = consumer.ssrc
    stats.rtx_ssrc = consumer.rtx_ssrc
    stats.packets_lost = consumer.sender.packets_lost
    stats.fraction_lost = consumer.sender.fraction_lost
    stats.playout_delay_ms = consumer.playout.least_ms
    stats.jitter = consumer.sender.remote_jitter
    stats.packets_retransmitted = consumer.sender.retransmitted
    stats.packets_repaired = consumer.sender.repaired
    stats.nack_count = consumer.sender.nack_count
    stats.nack_packet_count = consumer.sender.nack_packet_count
    stats.pli_count = consumer.sender.pli_count
    stats.fir_count = consumer.sender.fir_count
    stats.score = consumer.sender.score
    stats.rtt_us = consumer.sender.rtt_us
    stats.packet_count = consumer.sender.packets
    stats.byte_count = consumer.sender.total_bytes
    stats.bitrate = rate_bps(&consumer.sender.rate, now_us)
    stats.active = not consumer.paused
