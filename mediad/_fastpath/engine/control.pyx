"""Commands from Python, applied to the graph. Python validated them: they can only be late.

One function per command, found by table. A late one (its object was closed meanwhile) is counted and ignored.
"""

from libc.stdint cimport uint32_t, uint64_t
from libc.stdlib cimport free
from libc.string cimport memcmp, memcpy, memset
from mediad._fastpath.base.table cimport (
    Address, address_table_put, address_table_remove, hash_bytes, table_put, table_remove,
)
from mediad._fastpath.base.wheel cimport wheel_arm, wheel_disarm
from mediad._fastpath.engine.demand cimport demand_keyframe
from mediad._fastpath.engine.egress cimport egress_begin
from mediad._fastpath.engine.graph cimport (
    ALL_LAYERS, MAX_ADDRESSES, MAX_USERNAMES, NO_CODEC, NO_RTX, NONE, NOT_SUBSCRIBED, RTX_FLAG, Consumer, Engine,
    Producer, ReceiveStream, Transport, consumer_of, drop, emit, emit_values, feedback_timer, keyframe_timer,
    level_timer, nack_timer, pace_timer, producer_of, report_timer, ssrc_key, subscribe, transport_of, unsubscribe,
)
from mediad._fastpath.engine.messages cimport (
    COMMAND_ADD_ADDRESS, COMMAND_ADD_USERNAME, COMMAND_CAP_UPLINK, COMMAND_CLOSE_CONSUMER, COMMAND_CLOSE_PRODUCER,
    COMMAND_CLOSE_TRANSPORT, COMMAND_COUNT, COMMAND_OPEN_CONSUMER, COMMAND_OPEN_PRODUCER, COMMAND_OPEN_TRANSPORT,
    COMMAND_PAUSE_CONSUMER, COMMAND_PAUSE_PRODUCER, COMMAND_REMOVE_ADDRESS, COMMAND_REMOVE_USERNAME,
    COMMAND_REQUEST_KEY_FRAME, COMMAND_REQUEST_STATS, COMMAND_SELECT_ADDRESS, COMMAND_SET_CONSUMER_SESSIONS,
    COMMAND_SET_DESIRED_BITRATE, COMMAND_SET_KEYS, COMMAND_SET_PROBE_SESSION, COMMAND_SET_TARGET,
    DROP_STALE_COMMAND, EVENT_CLOSED, EVENT_LAYERS, INDEX_MASK, KIND_CONSUMER, KIND_PRODUCER,
    KIND_TRANSPORT, MAX_ENCODINGS, Command, Event, OpenConsumerBody, OpenProducerBody, UsernameBody,
)
from mediad._fastpath.engine.outbox cimport NO_DATAGRAM
from mediad._fastpath.engine.probation cimport probation_joined, probation_left
from mediad._fastpath.engine.remb cimport remb_cap
from mediad._fastpath.engine.statistics cimport tell_stats
from mediad._fastpath.stream.estimator cimport estimator_init
from mediad._fastpath.stream.history cimport sent_destroy, sent_init, store_destroy
from mediad._fastpath.stream.layer_selector cimport selector_target, selector_wants_keyframe
from mediad._fastpath.stream.rewriter cimport rewriter_init
from mediad._fastpath.stream.sender cimport sender_init
from mediad._fastpath.stream.twcc cimport twcc_init
from mediad._fastpath.stream.uplink cimport uplink_init
from mediad._fastpath.wire.rtp cimport EXT_COUNT, EXT_UNKNOWN

cdef enum:
    VIDEO_HISTORY = 1024           # packets that can be asked for again
    AUDIO_HISTORY = 128
    FIRST_REPORT_US = 500000

ctypedef void (*Handler)(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil

cdef Handler[COMMAND_COUNT] handlers


cdef void engine_apply(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    if command.kind < COMMAND_COUNT and handlers[command.kind] != NULL:
        handlers[command.kind](engine, command, now_us)


cdef void tell_closed(Engine* engine, uint32_t kind, uint32_t handle) noexcept nogil:
    cdef Event event
    memset(&event, 0, sizeof(Event))
    event.kind = EVENT_CLOSED
    event.handle = handle
    event.a = kind
    emit(engine, &event)


# --- transports -------------------------------------------------------------------------------------------------------

cdef void open_transport(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef uint32_t index = command.handle & INDEX_MASK
    cdef Transport* transport = &engine.transports[index]
    memset(transport, 0, sizeof(Transport))
    transport.handle = command.handle
    transport.secure = command.body.open_transport.secure != 0
    transport.rtcp_ssrc = command.body.open_transport.rtcp_ssrc
    transport.outbox_head = NO_DATAGRAM
    transport.outbox_tail = NO_DATAGRAM
    transport.first_producer = NONE
    transport.first_consumer = NONE
    uplink_init(&transport.uplink, command.body.open_transport.max_incoming_bitrate_bps)
    twcc_init(&transport.transport_cc)
    estimator_init(&transport.estimator, command.body.open_transport.initial_outgoing_bitrate_bps)
    remember_username(engine, transport, &command.body.open_transport.username)
    wheel_arm(&engine.wheel, report_timer(engine, index), now_us + FIRST_REPORT_US)


cdef void close_transport(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef Transport* transport = transport_of(engine, command.handle)
    cdef uint32_t i
    if transport == NULL:
        drop(engine, DROP_STALE_COMMAND)
        return
    for i in range(transport.address_count):
        address_table_remove(&engine.addresses, &transport.addresses[i])
    for i in range(transport.username_count):
        table_remove(&engine.usernames, transport.usernames[i])
    wheel_disarm(&engine.wheel, report_timer(engine, command.handle & INDEX_MASK))
    wheel_disarm(&engine.wheel, feedback_timer(engine, command.handle & INDEX_MASK))
    wheel_disarm(&engine.wheel, pace_timer(engine, command.handle & INDEX_MASK))
    engine.flush(engine)               # what waits in the outbox still names this transport's address
    transport.handle = 0
    tell_closed(engine, KIND_TRANSPORT, command.handle)


cdef void remember_username(Engine* engine, Transport* transport, const UsernameBody* username) noexcept nogil:
    cdef uint64_t key = hash_bytes(username.bytes, username.length, engine.seed)
    if username.length == 0 or transport.username_count == MAX_USERNAMES:
        return
    if table_put(&engine.usernames, key, transport.handle & INDEX_MASK):
        transport.usernames[transport.username_count] = key
        transport.username_count += 1


cdef void add_username(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef Transport* transport = transport_of(engine, command.handle)
    if transport == NULL:
        drop(engine, DROP_STALE_COMMAND)
        return
    remember_username(engine, transport, &command.body.username)


cdef void remove_username(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef Transport* transport = transport_of(engine, command.handle)
    cdef uint64_t key = hash_bytes(command.body.username.bytes, command.body.username.length, engine.seed)
    cdef uint32_t i
    if transport == NULL:
        drop(engine, DROP_STALE_COMMAND)
        return
    for i in range(transport.username_count):
        if transport.usernames[i] == key:
            table_remove(&engine.usernames, key)
            transport.username_count -= 1
            transport.usernames[i] = transport.usernames[transport.username_count]
            return


cdef void add_address(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef Transport* transport = transport_of(engine, command.handle)
    cdef uint32_t i
    if transport == NULL:
        drop(engine, DROP_STALE_COMMAND)
        return
    for i in range(transport.address_count):
        if memcmp(&transport.addresses[i], &command.body.address, sizeof(Address)) == 0:
            return
    if transport.address_count == MAX_ADDRESSES:
        return                     # ICE removes the oldest before it adds one more
    if address_table_put(&engine.addresses, &command.body.address, command.handle & INDEX_MASK):
        transport.addresses[transport.address_count] = command.body.address
        transport.address_count += 1


cdef void remove_address(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef Transport* transport = transport_of(engine, command.handle)
    cdef uint32_t i
    if transport == NULL:
        drop(engine, DROP_STALE_COMMAND)
        return
    for i in range(transport.address_count):
        if memcmp(&transport.addresses[i], &command.body.address, sizeof(Address)) == 0:
            address_table_remove(&engine.addresses, &command.body.address)
            transport.address_count -= 1
            transport.addresses[i] = transport.addresses[transport.address_count]
            break
    if transport.has_address and memcmp(&transport.selected, &command.body.address, sizeof(Address)) == 0:
        engine.flush(engine)
        transport.has_address = False


cdef void select_address(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef Transport* transport = transport_of(engine, command.handle)
    if transport == NULL:
        drop(engine, DROP_STALE_COMMAND)
        return
    transport.selected = command.body.address
    transport.socket = command.body.address.socket
    transport.has_address = True


cdef void set_keys(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef Transport* transport = transport_of(engine, command.handle)
    if transport == NULL:
        drop(engine, DROP_STALE_COMMAND)
        return
    transport.receive_session = command.body.keys.receive_session
    transport.rtcp_session = command.body.keys.rtcp_session
    transport.has_keys = transport.receive_session != NULL and transport.rtcp_session != NULL


cdef void set_probe_session(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef Transport* transport = transport_of(engine, command.handle)
    if transport == NULL:
        drop(engine, DROP_STALE_COMMAND)
        return
    transport.probation.session = command.body.session


cdef void set_desired_bitrate(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef Transport* transport = transport_of(engine, command.handle)
    if transport == NULL:
        drop(engine, DROP_STALE_COMMAND)
        return
    transport.estimator.desired_bps = command.body.bitrate_bps


cdef void cap_uplink(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef Transport* transport = transport_of(engine, command.handle)
    if transport == NULL:
        drop(engine, DROP_STALE_COMMAND)
        return
    remb_cap(engine, transport, command.body.bitrate_bps, now_us)


# --- producers --------------------------------------------------------------------------------------------------------

cdef void open_producer(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef const OpenProducerBody* body = &command.body.open_producer
    cdef Transport* transport = transport_of(engine, body.transport)
    cdef uint32_t index = command.handle & INDEX_MASK
    cdef Producer* producer = &engine.producers[index]
    cdef uint32_t i
    if transport == NULL:
        drop(engine, DROP_STALE_COMMAND)
        tell_closed(engine, KIND_PRODUCER, command.handle)
        return
    memset(producer, 0, sizeof(Producer))
    producer.handle = command.handle
    producer.transport = body.transport & INDEX_MASK
    producer.video = body.video
    producer.paused = body.paused
    producer.nack = body.nack
    producer.pli = body.pli
    producer.fir = body.fir
    producer.transport_cc = body.transport_cc
    producer.remb = body.remb
    producer.levels = body.levels
    producer.fec = body.fec
    producer.inactivity_us = body.inactivity_us
    producer.mid_length = body.mid_length
    memcpy(producer.mid, body.mid, sizeof(producer.mid))
    producer.codec_count = body.codec_count
    memcpy(producer.codecs, body.codecs, sizeof(producer.codecs))
    memset(producer.codec_of_payload, NO_CODEC, sizeof(producer.codec_of_payload))
    for i in range(producer.codec_count):
        producer.codec_of_payload[producer.codecs[i].payload_type & 0x7F] = i
        if producer.codecs[i].rtx_payload_type:
            producer.codec_of_payload[producer.codecs[i].rtx_payload_type & 0x7F] = i | RTX_FLAG
    memset(producer.kind_of_extension, EXT_UNKNOWN, sizeof(producer.kind_of_extension))
    for i in range(EXT_COUNT):
        if body.extension_ids[i]:
            producer.kind_of_extension[body.extension_ids[i]] = i
    producer.first_consumer = NONE
    producer.previous_in_transport = NONE
    producer.next_in_transport = transport.first_producer
    if transport.first_producer != NONE:
        engine.producers[transport.first_producer].previous_in_transport = index
    transport.first_producer = index
    producer.encoding_count = body.encoding_count
    for i in range(producer.encoding_count):
        open_stream(engine, producer, index, i, body)
    if producer.levels:
        wheel_arm(&engine.wheel, level_timer(engine, index), now_us + FIRST_REPORT_US)


cdef void open_stream(Engine* engine, Producer* producer, uint32_t index, uint32_t encoding,
                      const OpenProducerBody* body) noexcept nogil:
    cdef uint32_t stream_index = index * MAX_ENCODINGS + encoding
    cdef ReceiveStream* stream = &engine.streams[stream_index]
    memset(stream, 0, sizeof(ReceiveStream))
    stream.producer = index
    stream.encoding = encoding
    stream.keyframe_sequence = -1
    producer.encodings[encoding].ssrc = body.encodings[encoding].ssrc
    producer.encodings[encoding].rtx_ssrc = body.encodings[encoding].rtx_ssrc
    producer.encodings[encoding].rid_length = body.encodings[encoding].rid_length
    memcpy(producer.encodings[encoding].rid, body.encodings[encoding].rid, sizeof(body.encodings[encoding].rid))
    if producer.encodings[encoding].ssrc:
        table_put(&engine.inbound, ssrc_key(producer.transport, producer.encodings[encoding].ssrc), stream_index << 1)
    if producer.encodings[encoding].rtx_ssrc:
        table_put(&engine.inbound, ssrc_key(producer.transport, producer.encodings[encoding].rtx_ssrc),
                  (stream_index << 1) | 1)


cdef void pause_producer(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef Producer* producer = producer_of(engine, command.handle)
    cdef Consumer* consumer
    cdef uint32_t index
    if producer == NULL:
        drop(engine, DROP_STALE_COMMAND)
        return
    if producer.paused == (command.body.flag != 0):
        return
    producer.paused = command.body.flag != 0
    index = producer.first_consumer
    while index != NONE:
        consumer = &engine.consumers[index]
        consumer.needs_sync = True
        if not producer.paused and not consumer.paused and consumer.target >= 0:
            demand_target(engine, consumer, now_us)
        index = consumer.next_in_producer


cdef void close_producer(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef Producer* producer = producer_of(engine, command.handle)
    cdef uint32_t index = command.handle & INDEX_MASK
    cdef uint32_t encoding
    if producer == NULL:
        drop(engine, DROP_STALE_COMMAND)
        return
    for encoding in range(producer.encoding_count):
        close_stream(engine, producer, index * MAX_ENCODINGS + encoding)
    wheel_disarm(&engine.wheel, level_timer(engine, index))
    if producer.previous_in_transport != NONE:
        engine.producers[producer.previous_in_transport].next_in_transport = producer.next_in_transport
    else:
        engine.transports[producer.transport].first_producer = producer.next_in_transport
    if producer.next_in_transport != NONE:
        engine.producers[producer.next_in_transport].previous_in_transport = producer.previous_in_transport
    producer.handle = 0
    tell_closed(engine, KIND_PRODUCER, command.handle)


cdef void close_stream(Engine* engine, Producer* producer, uint32_t stream_index) noexcept nogil:
    cdef ReceiveStream* stream = &engine.streams[stream_index]
    cdef uint32_t encoding = stream.encoding
    if producer.encodings[encoding].ssrc:
        table_remove(&engine.inbound, ssrc_key(producer.transport, producer.encodings[encoding].ssrc))
    if producer.encodings[encoding].rtx_ssrc:
        table_remove(&engine.inbound, ssrc_key(producer.transport, producer.encodings[encoding].rtx_ssrc))
    wheel_disarm(&engine.wheel, nack_timer(engine, stream_index))
    wheel_disarm(&engine.wheel, keyframe_timer(engine, stream_index))
    if stream.store.packets != NULL:
        store_destroy(&stream.store)
    free(stream.subscribers)
    memset(stream, 0, sizeof(ReceiveStream))


# --- consumers --------------------------------------------------------------------------------------------------------

cdef void open_consumer(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef const OpenConsumerBody* body = &command.body.open_consumer
    cdef Transport* transport = transport_of(engine, body.transport)
    cdef Producer* producer = producer_of(engine, body.producer)
    cdef uint32_t index = command.handle & INDEX_MASK
    cdef Consumer* consumer = &engine.consumers[index]
    cdef uint32_t i
    if transport == NULL or producer == NULL:
        drop(engine, DROP_STALE_COMMAND)
        tell_closed(engine, KIND_CONSUMER, command.handle)
        return
    memset(consumer, 0, sizeof(Consumer))
    consumer.handle = command.handle
    consumer.transport = body.transport & INDEX_MASK
    consumer.producer = body.producer & INDEX_MASK
    consumer.video = body.video
    consumer.nack = body.nack
    consumer.ignore_dtx = body.ignore_dtx
    consumer.paused = True
    consumer.needs_sync = True
    consumer.current = -1
    consumer.target = body.target
    consumer.target_spatial = body.target_spatial
    consumer.target_temporal = body.target_temporal
    selector_target(&consumer.layers, body.target_spatial, body.target_temporal)
    consumer.ssrc = body.ssrc
    consumer.rtx_ssrc = body.rtx_ssrc
    consumer.mid_length = body.mid_length
    consumer.cname_length = body.cname_length
    memcpy(consumer.mid, body.mid, sizeof(consumer.mid))
    memcpy(consumer.cname, body.cname, sizeof(consumer.cname))
    memcpy(consumer.extension_ids, body.extension_ids, sizeof(consumer.extension_ids))
    for i in range(body.codec_count):
        consumer.rtx_of_payload[body.payload_types[i] & 0x7F] = (
            body.rtx_payload_types[i] if body.rtx_payload_types[i] else NO_RTX
        )
    for i in range(MAX_ENCODINGS):
        consumer.position[i] = NOT_SUBSCRIBED
    if consumer.nack and not sent_init(&consumer.history, VIDEO_HISTORY if consumer.video else AUDIO_HISTORY):
        consumer.nack = False
    rewriter_init(&consumer.rewriter, body.clock_rate, body.first_sequence_number, body.first_timestamp)
    sender_init(&consumer.sender, body.ssrc, body.rtx_ssrc, body.clock_rate, body.first_rtx_sequence_number)
    table_put(&engine.outbound, ssrc_key(consumer.transport, consumer.ssrc), index)
    if consumer.rtx_ssrc:
        table_put(&engine.outbound, ssrc_key(consumer.transport, consumer.rtx_ssrc), index)
    consumer.previous_in_transport = NONE
    consumer.next_in_transport = transport.first_consumer
    if transport.first_consumer != NONE:
        engine.consumers[transport.first_consumer].previous_in_transport = index
    transport.first_consumer = index
    probation_joined(transport, consumer)
    consumer.previous_in_producer = NONE
    consumer.next_in_producer = producer.first_consumer
    if producer.first_consumer != NONE:
        engine.consumers[producer.first_consumer].previous_in_producer = index
    producer.first_consumer = index
    if not body.paused:
        resume(engine, consumer, now_us)


cdef void close_consumer(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef Consumer* consumer = consumer_of(engine, command.handle)
    if consumer == NULL:
        drop(engine, DROP_STALE_COMMAND)
        return
    leave_all(engine, consumer)
    probation_left(&engine.transports[consumer.transport], consumer)
    table_remove(&engine.outbound, ssrc_key(consumer.transport, consumer.ssrc))
    if consumer.rtx_ssrc:
        table_remove(&engine.outbound, ssrc_key(consumer.transport, consumer.rtx_ssrc))
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
    if consumer.history.packets != NULL:
        sent_destroy(&consumer.history)
    consumer.handle = 0
    tell_closed(engine, KIND_CONSUMER, command.handle)


cdef void leave_all(Engine* engine, Consumer* consumer) noexcept nogil:
    cdef uint32_t encoding
    for encoding in range(MAX_ENCODINGS):
        unsubscribe(engine, consumer, encoding)


cdef ReceiveStream* target_stream(Engine* engine, Consumer* consumer) noexcept nogil:
    return &engine.streams[consumer.producer * MAX_ENCODINGS + <uint32_t>consumer.target]


cdef void demand_target(Engine* engine, Consumer* consumer, uint64_t now_us) noexcept nogil:
    if consumer.video:
        demand_keyframe(engine, target_stream(engine, consumer), now_us)


cdef void resume(Engine* engine, Consumer* consumer, uint64_t now_us) noexcept nogil:
    """Follow the target from its next key frame on."""
    consumer.paused = False
    consumer.needs_sync = True
    if consumer.target >= 0:
        subscribe(engine, consumer, <uint32_t>consumer.target)
        egress_begin(engine, target_stream(engine, consumer), consumer, now_us)


cdef void set_consumer_sessions(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef Consumer* consumer = consumer_of(engine, command.handle)
    if consumer == NULL:
        drop(engine, DROP_STALE_COMMAND)
        return
    consumer.rtp_session = command.body.consumer_sessions.rtp_session
    consumer.rtx_session = command.body.consumer_sessions.rtx_session
    if not consumer.paused and consumer.target >= 0 and consumer.needs_sync:
        egress_begin(engine, target_stream(engine, consumer), consumer, now_us)


cdef void pause_consumer(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef Consumer* consumer = consumer_of(engine, command.handle)
    cdef bint paused = command.body.flag != 0
    if consumer == NULL:
        drop(engine, DROP_STALE_COMMAND)
        return
    if consumer.paused == paused:
        return
    if paused:
        consumer.paused = True
        leave_all(engine, consumer)
    else:
        resume(engine, consumer, now_us)


cdef void aim_selector(Consumer* consumer, int encoding) noexcept nogil:
    """On the way to a lower encoding the one left is thinned out: its whole rate would bury the key frame awaited."""
    cdef bint descends = 0 <= encoding < consumer.current and not consumer.needs_sync
    selector_target(&consumer.layers, consumer.target_spatial, 0 if descends else consumer.target_temporal)


cdef void set_target(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef Consumer* consumer = consumer_of(engine, command.handle)
    cdef int encoding = command.body.target.encoding
    cdef uint32_t i
    if consumer == NULL:
        drop(engine, DROP_STALE_COMMAND)
        return
    if encoding >= <int>engine.producers[consumer.producer].encoding_count:
        return
    consumer.target_spatial = command.body.target.spatial_layer
    consumer.target_temporal = command.body.target.temporal_layer
    aim_selector(consumer, encoding)
    if encoding == consumer.target:
        if not consumer.paused and not consumer.needs_sync and consumer.current == encoding and (
                selector_wants_keyframe(&consumer.layers)):
            demand_target(engine, consumer, now_us)
        return
    consumer.target = encoding
    if encoding < 0:
        leave_all(engine, consumer)
        consumer.current = -1
        consumer.needs_sync = True
        emit_values(engine, EVENT_LAYERS, consumer.handle, -1, ALL_LAYERS, ALL_LAYERS)
        return
    if consumer.paused:
        return
    for i in range(MAX_ENCODINGS):
        if <int>i != consumer.current and <int>i != encoding:
            unsubscribe(engine, consumer, i)
    if encoding != consumer.current or consumer.needs_sync:
        subscribe(engine, consumer, <uint32_t>encoding)
        egress_begin(engine, target_stream(engine, consumer), consumer, now_us)


cdef void request_key_frame(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef Consumer* consumer = consumer_of(engine, command.handle)
    if consumer == NULL:
        drop(engine, DROP_STALE_COMMAND)
        return
    if consumer.paused or consumer.target < 0:
        return
    demand_target(engine, consumer, now_us)


cdef void request_stats(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    tell_stats(engine, command.handle, command.body.stats.kind, command.body.stats.request_id, now_us)


handlers[<int>COMMAND_CAP_UPLINK] = cap_uplink
handlers[<int>COMMAND_OPEN_TRANSPORT] = open_transport
handlers[<int>COMMAND_CLOSE_TRANSPORT] = close_transport
handlers[<int>COMMAND_ADD_USERNAME] = add_username
handlers[<int>COMMAND_REMOVE_USERNAME] = remove_username
handlers[<int>COMMAND_ADD_ADDRESS] = add_address
handlers[<int>COMMAND_REMOVE_ADDRESS] = remove_address
handlers[<int>COMMAND_SELECT_ADDRESS] = select_address
handlers[<int>COMMAND_SET_KEYS] = set_keys
handlers[<int>COMMAND_SET_PROBE_SESSION] = set_probe_session
handlers[<int>COMMAND_SET_DESIRED_BITRATE] = set_desired_bitrate
handlers[<int>COMMAND_OPEN_PRODUCER] = open_producer
handlers[<int>COMMAND_PAUSE_PRODUCER] = pause_producer
handlers[<int>COMMAND_CLOSE_PRODUCER] = close_producer
handlers[<int>COMMAND_OPEN_CONSUMER] = open_consumer
handlers[<int>COMMAND_SET_CONSUMER_SESSIONS] = set_consumer_sessions
handlers[<int>COMMAND_PAUSE_CONSUMER] = pause_consumer
handlers[<int>COMMAND_SET_TARGET] = set_target
handlers[<int>COMMAND_REQUEST_KEY_FRAME] = request_key_frame
handlers[<int>COMMAND_CLOSE_CONSUMER] = close_consumer
handlers[<int>COMMAND_REQUEST_STATS] = request_stats
