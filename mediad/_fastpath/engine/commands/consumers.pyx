"""Opening and closing of consumers, and their subscription to the streams they follow."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy
from mediad._fastpath.base.table cimport NO_VALUE, table_claim, table_get, table_release
from mediad._fastpath.base.wheel cimport wheel_disarm
from mediad._fastpath.engine.egress.keyframe_requests cimport demand_target
from mediad._fastpath.engine.egress.follow cimport follow_begin
from mediad._fastpath.engine.events cimport tell_closed
from mediad._fastpath.engine.graph cimport (
    NO_RTX, NONE, NOT_SUBSCRIBED, Consumer, Engine, Producer, Transport, consumer_news_timer, producer_of,
    ssrc_key, subscribe, target_stream, transport_of, unsubscribe,
)
from mediad._fastpath.engine.messages cimport (
    DONE, INDEX_MASK, KIND_CONSUMER, MAX_ENCODINGS, REFUSED_NO_MEMORY, REFUSED_OUT_OF_RANGE,
    REFUSED_STALE, REFUSED_TAKEN, CommandBody, OpenConsumerBody, Refusal,
)
from mediad._fastpath.engine.news cimport tell_layers
from mediad._fastpath.engine.egress.probation cimport probation_joined, probation_left
from mediad._fastpath.engine.slots cimport empty_consumer
from mediad._fastpath.stream.history cimport sent_destroy, sent_init
from mediad._fastpath.stream.layer_selector cimport selector_target, selector_wants_keyframe
from mediad._fastpath.stream.rewriter cimport rewriter_init
from mediad._fastpath.stream.sender cimport sender_init

cdef enum:
    VIDEO_HISTORY = 1024           # packets that can be asked for again
    AUDIO_HISTORY = 128


cdef Refusal open_consumer(Engine* engine, uint32_t handle, const CommandBody* body, uint64_t now_us) noexcept nogil:
    cdef const OpenConsumerBody* opened = &body.open_consumer
    cdef Transport* transport = transport_of(engine, opened.transport)
    cdef Producer* producer = producer_of(engine, opened.producer)
    cdef uint32_t index = handle & INDEX_MASK
    cdef Consumer* consumer = &engine.consumers[index]
    cdef Refusal refusal
    if transport == NULL or producer == NULL:
        return REFUSED_STALE
    refusal = claim_ssrcs(engine, opened, index)
    if refusal != DONE:
        return refusal
    fill_in(consumer, handle, opened)
    if consumer.nack and not sent_init(&consumer.history, VIDEO_HISTORY if consumer.video else AUDIO_HISTORY):
        release_ssrcs(engine, consumer)
        empty_consumer(engine, index)
        return REFUSED_NO_MEMORY
    rewriter_init(&consumer.rewriter, opened.clock_rate, opened.first_sequence_number, opened.first_timestamp)
    sender_init(&consumer.sender, opened.ssrc, opened.rtx_ssrc, opened.clock_rate, opened.first_rtx_sequence_number)
    enter_lists(engine, consumer)
    transport.consumer_count += 1
    probation_joined(transport, consumer)
    if not opened.paused and resume(engine, consumer, now_us) != DONE:
        take_apart(engine, consumer)
        empty_consumer(engine, index)
        return REFUSED_NO_MEMORY
    return DONE


cdef void fill_in(Consumer* consumer, uint32_t handle, const OpenConsumerBody* opened) noexcept nogil:
    """Copy a command into a slot of zeros. Nothing is sent or subscribed to yet."""
    cdef uint32_t i
    consumer.handle = handle       # all the rest is zeros, see slots.pxd
    consumer.transport = opened.transport & INDEX_MASK
    consumer.producer = opened.producer & INDEX_MASK
    consumer.video = opened.video
    consumer.nack = opened.nack
    consumer.ignore_dtx = opened.ignore_dtx
    consumer.paused = True
    consumer.needs_sync = True
    consumer.current = -1
    consumer.target = opened.target
    consumer.target_spatial = opened.target_spatial
    consumer.target_temporal = opened.target_temporal
    consumer.layers.whole = opened.whole
    selector_target(&consumer.layers, opened.target_spatial, opened.target_temporal)
    consumer.ssrc = opened.ssrc
    consumer.rtx_ssrc = opened.rtx_ssrc
    consumer.mid_length = opened.mid_length
    consumer.cname_length = opened.cname_length
    memcpy(consumer.mid, opened.mid, sizeof(consumer.mid))
    memcpy(consumer.cname, opened.cname, sizeof(consumer.cname))
    memcpy(consumer.extension_ids, opened.extension_ids, sizeof(consumer.extension_ids))
    for i in range(opened.codec_count):
        consumer.rtx_of_payload[opened.payload_types[i] & 0x7F] = (
            opened.rtx_payload_types[i] if opened.rtx_payload_types[i] else NO_RTX
        )
    for i in range(MAX_ENCODINGS):
        consumer.position[i] = NOT_SUBSCRIBED


cdef void enter_lists(Engine* engine, Consumer* consumer) noexcept nogil:
    cdef uint32_t index = consumer.handle & INDEX_MASK
    cdef Transport* transport = &engine.transports[consumer.transport]
    cdef Producer* producer = &engine.producers[consumer.producer]
    consumer.previous_in_transport = NONE
    consumer.next_in_transport = transport.first_consumer
    if transport.first_consumer != NONE:
        engine.consumers[transport.first_consumer].previous_in_transport = index
    transport.first_consumer = index
    consumer.previous_in_producer = NONE
    consumer.next_in_producer = producer.first_consumer
    if producer.first_consumer != NONE:
        engine.consumers[producer.first_consumer].previous_in_producer = index
    producer.first_consumer = index


cdef void leave_lists(Engine* engine, Consumer* consumer) noexcept nogil:
    if consumer.previous_in_transport != NONE:
        engine.consumers[consumer.previous_in_transport].next_in_transport = consumer.next_in_transport
    else:
        engine.transports[consumer.transport].first_consumer = consumer.next_in_transport
    if consumer.next_in_transport != NONE:
        engine.consumers[consumer.next_in_transport].previous_in_transport = consumer.previous_in_transport
    if consumer.previous_in_producer != NONE:
        engine.consumers[consumer.previous_in_producer].next_in_producer = consumer.next_in_producer
    else:
        engine.producers[consumer.producer].first_consumer = consumer.next_in_producer
    if consumer.next_in_producer != NONE:
        engine.consumers[consumer.next_in_producer].previous_in_producer = consumer.previous_in_producer


cdef Refusal close_consumer(Engine* engine, Consumer* consumer, const CommandBody* body,
                            uint64_t now_us) noexcept nogil:
    take_apart(engine, consumer)
    tell_closed(engine, KIND_CONSUMER, consumer.handle)
    empty_consumer(engine, consumer.handle & INDEX_MASK)
    return DONE


cdef void take_apart(Engine* engine, Consumer* consumer) noexcept nogil:
    """Remove the consumer from every list and table it is in."""
    leave_all(engine, consumer)
    engine.transports[consumer.transport].consumer_count -= 1
    probation_left(&engine.transports[consumer.transport], consumer)
    release_ssrcs(engine, consumer)
    leave_lists(engine, consumer)
    if consumer.history.packets != NULL:
        sent_destroy(&consumer.history)
    wheel_disarm(&engine.wheel, consumer_news_timer(engine, consumer.handle & INDEX_MASK))


cdef Refusal claim_ssrcs(Engine* engine, const OpenConsumerBody* opened, uint32_t index) noexcept nogil:
    """Claim both SSRCs or none: reports about an SSRC must lead to one consumer."""
    cdef uint32_t transport = opened.transport & INDEX_MASK
    cdef uint64_t key = ssrc_key(transport, opened.ssrc)
    cdef uint64_t rtx_key = ssrc_key(transport, opened.rtx_ssrc)
    if table_get(&engine.outbound, key) != NO_VALUE:
        return REFUSED_TAKEN
    if opened.rtx_ssrc and (opened.rtx_ssrc == opened.ssrc or table_get(&engine.outbound, rtx_key) != NO_VALUE):
        return REFUSED_TAKEN
    if not table_claim(&engine.outbound, key, index):
        return REFUSED_NO_MEMORY
    if opened.rtx_ssrc and not table_claim(&engine.outbound, rtx_key, index):
        table_release(&engine.outbound, key, index)
        return REFUSED_NO_MEMORY
    return DONE


cdef void release_ssrcs(Engine* engine, Consumer* consumer) noexcept nogil:
    cdef uint32_t index = consumer.handle & INDEX_MASK
    table_release(&engine.outbound, ssrc_key(consumer.transport, consumer.ssrc), index)
    if consumer.rtx_ssrc:
        table_release(&engine.outbound, ssrc_key(consumer.transport, consumer.rtx_ssrc), index)


cdef void leave_all(Engine* engine, Consumer* consumer) noexcept nogil:
    cdef uint32_t encoding
    for encoding in range(MAX_ENCODINGS):
        unsubscribe(engine, consumer, encoding)


cdef Refusal resume(Engine* engine, Consumer* consumer, uint64_t now_us) noexcept nogil:
    """Follow the target from its next key frame on."""
    consumer.paused = False
    consumer.needs_sync = True
    if consumer.target >= 0:
        if not subscribe(engine, consumer, <uint32_t>consumer.target):
            return REFUSED_NO_MEMORY
        follow_begin(engine, target_stream(engine, consumer), consumer, now_us)
    return DONE


cdef Refusal set_consumer_sessions(Engine* engine, Consumer* consumer, const CommandBody* body,
                                   uint64_t now_us) noexcept nogil:
    consumer.rtp_session = body.consumer_sessions.rtp_session
    consumer.rtx_session = body.consumer_sessions.rtx_session
    if not consumer.paused and consumer.target >= 0 and consumer.needs_sync:
        follow_begin(engine, target_stream(engine, consumer), consumer, now_us)
    return DONE


cdef Refusal pause_consumer(Engine* engine, Consumer* consumer, const CommandBody* body,
                            uint64_t now_us) noexcept nogil:
    cdef bint paused = body.flag != 0
    if consumer.paused == paused:
        return DONE
    if not paused:
        return resume(engine, consumer, now_us)
    consumer.paused = True
    leave_all(engine, consumer)
    return DONE


cdef void aim_selector(Consumer* consumer, int encoding) noexcept nogil:
    """Set the selector's target layers.

    On the way to a lower encoding only the base temporal layer of the old one is sent: its whole rate would delay the
    awaited key frame.
    """
    cdef bint descends = 0 <= encoding < consumer.current and not consumer.needs_sync
    selector_target(&consumer.layers, consumer.target_spatial, 0 if descends else consumer.target_temporal)


cdef Refusal set_target(Engine* engine, Consumer* consumer, const CommandBody* body, uint64_t now_us) noexcept nogil:
    cdef int encoding = body.target.encoding
    cdef uint32_t i
    if encoding >= <int>engine.producers[consumer.producer].encoding_count:
        return REFUSED_OUT_OF_RANGE
    consumer.target_spatial = body.target.spatial_layer
    consumer.target_temporal = body.target.temporal_layer
    aim_selector(consumer, encoding)
    if encoding == consumer.target:
        if not consumer.paused and not consumer.needs_sync and consumer.current == encoding and (
                selector_wants_keyframe(&consumer.layers)):
            demand_target(engine, consumer, now_us)
        return DONE
    consumer.target = encoding
    if encoding < 0:
        leave_all(engine, consumer)
        consumer.current = -1
        consumer.needs_sync = True
        tell_layers(engine, consumer, now_us)
        return DONE
    if consumer.paused:
        return DONE
    for i in range(MAX_ENCODINGS):
        if <int>i != consumer.current and <int>i != encoding:
            unsubscribe(engine, consumer, i)
    if encoding != consumer.current or consumer.needs_sync:
        if not subscribe(engine, consumer, <uint32_t>encoding):
            return REFUSED_NO_MEMORY
        follow_begin(engine, target_stream(engine, consumer), consumer, now_us)
    return DONE


cdef Refusal request_key_frame(Engine* engine, Consumer* consumer, const CommandBody* body,
                               uint64_t now_us) noexcept nogil:
    if not consumer.paused and consumer.target >= 0:   # otherwise nothing is sent that could begin with one
        demand_target(engine, consumer, now_us)
    return DONE
