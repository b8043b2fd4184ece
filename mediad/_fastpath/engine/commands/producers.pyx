"""Opening, pausing and closing of producers and the streams of their encodings."""

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memcpy, memset
from mediad._fastpath.base.table cimport NO_VALUE, table_claim, table_get
from mediad._fastpath.base.wheel cimport wheel_arm, wheel_disarm
from mediad._fastpath.engine.ingress.binding cimport note_naming, unbind_ssrc
from mediad._fastpath.engine.egress.keyframe_requests cimport demand_target
from mediad._fastpath.engine.events cimport tell_closed
from mediad._fastpath.engine.graph cimport (
    NO_CODEC, NONE, RTX_FLAG, Consumer, Encoding, Engine, Producer, ReceiveStream, Transport,
    keeper_timer, keyframe_timer, level_timer, nack_timer, ssrc_key, stream_news_timer, transport_of,
)
from mediad._fastpath.engine.messages cimport (
    DONE, INDEX_MASK, KIND_PRODUCER, LEVEL_INTERVAL_US, MAX_ENCODINGS, REFUSED_NO_MEMORY, REFUSED_STALE,
    REFUSED_TAKEN, CommandBody, OpenProducerBody, Refusal,
)
from mediad._fastpath.engine.slots cimport empty_producer
from mediad._fastpath.stream.history cimport store_destroy
from mediad._fastpath.stream.keeper cimport keeper_is_empty
from mediad._fastpath.stream.level_meter cimport level_meter_init
from mediad._fastpath.wire.payload cimport CODEC_OPUS
from mediad._fastpath.wire.rtp cimport EXT_COUNT, EXT_UNKNOWN


cdef Refusal open_producer(Engine* engine, uint32_t handle, const CommandBody* body, uint64_t now_us) noexcept nogil:
    cdef const OpenProducerBody* opened = &body.open_producer
    cdef Transport* transport = transport_of(engine, opened.transport)
    cdef uint32_t index = handle & INDEX_MASK
    cdef Producer* producer = &engine.producers[index]
    cdef Refusal refusal
    cdef uint32_t i
    if transport == NULL:
        return REFUSED_STALE
    producer.handle = handle       # all the rest is zeros, see slots.pxd; its streams as well
    producer.transport = opened.transport & INDEX_MASK
    producer.video = opened.video
    producer.paused = opened.paused
    producer.nack = opened.nack
    producer.pli = opened.pli
    producer.fir = opened.fir
    producer.transport_cc = opened.transport_cc
    producer.remb = opened.remb
    producer.fec = opened.fec
    producer.inactivity_us = opened.inactivity_us
    producer.mid_length = opened.mid_length
    memcpy(producer.mid, opened.mid, sizeof(producer.mid))
    producer.codec_count = opened.codec_count
    memcpy(producer.codecs, opened.codecs, sizeof(producer.codecs))
    producer.red_primary = NO_CODEC
    memset(producer.codec_of_payload, NO_CODEC, sizeof(producer.codec_of_payload))
    for i in range(producer.codec_count):
        producer.codec_of_payload[producer.codecs[i].payload_type & 0x7F] = i
        if producer.codecs[i].codec == <uint32_t>CODEC_OPUS and producer.red_primary == NO_CODEC:
            producer.red_primary = i
        if producer.codecs[i].rtx_payload_type:
            producer.codec_of_payload[producer.codecs[i].rtx_payload_type & 0x7F] = i | RTX_FLAG
    memset(producer.kind_of_extension, EXT_UNKNOWN, sizeof(producer.kind_of_extension))
    for i in range(EXT_COUNT):
        if opened.extension_ids[i]:
            producer.kind_of_extension[opened.extension_ids[i]] = i
    producer.first_consumer = NONE
    producer.previous_in_transport = NONE
    producer.next_in_transport = transport.first_producer
    if transport.first_producer != NONE:
        engine.producers[transport.first_producer].previous_in_transport = index
    transport.first_producer = index
    note_naming(engine, transport)
    producer.encoding_count = opened.encoding_count
    for i in range(producer.encoding_count):
        open_stream(engine, producer, index, i, opened)
    for i in range(producer.encoding_count):
        refusal = claim_ssrcs(engine, producer, index * MAX_ENCODINGS + i)
        if refusal != DONE:
            take_apart(engine, producer)
            empty_producer(engine, index)
            return refusal
    if opened.levels and producer.codec_count:
        level_meter_init(&producer.levels, producer.codecs[0].clock_rate)
        wheel_arm(&engine.wheel, level_timer(engine, index), now_us + LEVEL_INTERVAL_US)
    return DONE


cdef void open_stream(Engine* engine, Producer* producer, uint32_t index, uint32_t encoding,
                      const OpenProducerBody* body) noexcept nogil:
    cdef uint32_t stream_index = index * MAX_ENCODINGS + encoding
    cdef ReceiveStream* stream = &engine.streams[stream_index]
    stream.producer = index
    stream.encoding = encoding
    stream.keyframe_sequence = -1
    producer.encodings[encoding].ssrc = body.encodings[encoding].ssrc
    producer.encodings[encoding].rtx_ssrc = body.encodings[encoding].rtx_ssrc
    producer.encodings[encoding].rid_length = body.encodings[encoding].rid_length
    memcpy(producer.encodings[encoding].rid, body.encodings[encoding].rid, sizeof(body.encodings[encoding].rid))


cdef Refusal claim_ssrcs(Engine* engine, const Producer* producer, uint32_t stream_index) noexcept nogil:
    """Claim a stream's signalled SSRCs: an SSRC leads to one stream of its transport, the first that claimed it."""
    cdef const Encoding* encoding = &producer.encodings[engine.streams[stream_index].encoding]
    cdef Refusal refusal = DONE
    if encoding.ssrc:
        refusal = claim_ssrc(engine, producer.transport, encoding.ssrc, stream_index << 1)
    if refusal == DONE and encoding.rtx_ssrc:
        refusal = claim_ssrc(engine, producer.transport, encoding.rtx_ssrc, (stream_index << 1) | 1)
    return refusal


cdef Refusal claim_ssrc(Engine* engine, uint32_t transport, uint32_t ssrc, uint32_t place) noexcept nogil:
    cdef uint64_t key = ssrc_key(transport, ssrc)
    if table_claim(&engine.inbound, key, place):
        return DONE
    return REFUSED_NO_MEMORY if table_get(&engine.inbound, key) == NO_VALUE else REFUSED_TAKEN


cdef Refusal pause_producer(Engine* engine, Producer* producer, const CommandBody* body,
                            uint64_t now_us) noexcept nogil:
    cdef Consumer* consumer
    cdef uint32_t index
    if producer.paused == (body.flag != 0):
        return DONE
    producer.paused = body.flag != 0
    index = producer.first_consumer
    while index != NONE:
        consumer = &engine.consumers[index]
        consumer.needs_sync = True
        if not producer.paused and not consumer.paused and consumer.target >= 0:
            demand_target(engine, consumer, now_us)
        index = consumer.next_in_producer
    return DONE


cdef Refusal close_producer(Engine* engine, Producer* producer, const CommandBody* body,
                            uint64_t now_us) noexcept nogil:
    take_apart(engine, producer)
    tell_closed(engine, KIND_PRODUCER, producer.handle)
    empty_producer(engine, producer.handle & INDEX_MASK)
    return DONE


cdef void take_apart(Engine* engine, Producer* producer) noexcept nogil:
    """Remove the producer from every list and table it is in."""
    cdef uint32_t index = producer.handle & INDEX_MASK
    cdef uint32_t encoding
    for encoding in range(producer.encoding_count):
        close_stream(engine, producer, index * MAX_ENCODINGS + encoding)
    wheel_disarm(&engine.wheel, level_timer(engine, index))
    if producer.previous_in_transport != NONE:
        engine.producers[producer.previous_in_transport].next_in_transport = producer.next_in_transport
    else:
        engine.transports[producer.transport].first_producer = producer.next_in_transport
    if producer.next_in_transport != NONE:
        engine.producers[producer.next_in_transport].previous_in_transport = producer.previous_in_transport
    note_naming(engine, &engine.transports[producer.transport])


cdef void close_stream(Engine* engine, Producer* producer, uint32_t stream_index) noexcept nogil:
    cdef ReceiveStream* stream = &engine.streams[stream_index]
    cdef uint32_t encoding = stream.encoding
    if producer.encodings[encoding].ssrc:
        unbind_ssrc(engine, producer.transport, producer.encodings[encoding].ssrc, stream_index << 1)
    if producer.encodings[encoding].rtx_ssrc:
        unbind_ssrc(engine, producer.transport, producer.encodings[encoding].rtx_ssrc, (stream_index << 1) | 1)
    wheel_disarm(&engine.wheel, nack_timer(engine, stream_index))
    wheel_disarm(&engine.wheel, keyframe_timer(engine, stream_index))
    wheel_disarm(&engine.wheel, stream_news_timer(engine, stream_index))
    if stream.store.packets != NULL:
        store_destroy(&stream.store)
    if engine.keeper_waits and keeper_is_empty(&engine.keeper):
        engine.keeper_waits = False
        wheel_disarm(&engine.wheel, keeper_timer(engine))
    free(stream.subscribers)
    stream.subscribers = NULL
