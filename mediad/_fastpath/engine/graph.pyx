"""Memory, links and lookups of the graph."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free, realloc
from libc.string cimport memset
from mediad._fastpath.base.pool cimport pool_destroy, pool_init
from mediad._fastpath.base.ring cimport ring_destroy, ring_init
from mediad._fastpath.base.table cimport (
    address_table_destroy, address_table_init, table_destroy, table_init,
)
from mediad._fastpath.base.wheel cimport wheel_destroy, wheel_init
from mediad._fastpath.engine.counts cimport DROP_STORED_OVER_SHARE, DROP_STORED_POOL_LOW
from mediad._fastpath.engine.messages cimport INDEX_MASK, MAX_ENCODINGS, Event, Punt
from mediad._fastpath.engine.outbox cimport outbox_destroy, outbox_init
from mediad._fastpath.engine.own_sockets cimport SOCKET_NUMBERS, SocketOwner
from mediad._fastpath.stream.history cimport sent_destroy, store_destroy
from mediad._fastpath.stream.keeper cimport keeper_destroy, keeper_init

cdef enum:
    EVENT_RING = 16384
    PUNT_RING = 1024
    FIRST_SUBSCRIBERS = 16


cdef bint engine_init(Engine* engine, uint32_t packet_slots, uint32_t transports, uint32_t producers,
                      uint32_t consumers, uint32_t outbox_capacity, uint64_t seed, uint64_t now_us,
                      uint64_t wall_us) noexcept nogil:
    """Reserve memory for all slots; its pages are touched when slots come into use. False: no memory."""
    memset(engine, 0, sizeof(Engine))
    engine.transport_capacity = transports
    engine.producer_capacity = producers
    engine.consumer_capacity = consumers
    number_timers(engine)
    engine.seed = seed
    engine.jitter = seed
    engine.wall_offset_us = <int64_t>(wall_us - now_us)
    engine.transports = <Transport*>calloc(transports, sizeof(Transport))
    engine.producers = <Producer*>calloc(producers, sizeof(Producer))
    engine.streams = <ReceiveStream*>calloc(<size_t>producers * MAX_ENCODINGS, sizeof(ReceiveStream))
    engine.consumers = <Consumer*>calloc(consumers, sizeof(Consumer))
    engine.socket_owners = <SocketOwner*>calloc(SOCKET_NUMBERS, sizeof(SocketOwner))
    if engine.transports == NULL or engine.producers == NULL or engine.streams == NULL or engine.consumers == NULL:
        return False
    if engine.socket_owners == NULL:
        return False
    return (
        table_init(&engine.usernames, 64, seed)
        and address_table_init(&engine.addresses, 64, seed)
        and table_init(&engine.inbound, 64, seed)
        and table_init(&engine.outbound, 64, seed)
        and table_init(&engine.reporters, 64, seed)
        and wheel_init(&engine.wheel, engine.first_timer[TIMER_PURPOSES], now_us)
        and pool_init(&engine.pool, packet_slots)
        and keeper_init(&engine.keeper, &engine.pool, transports, &engine.drops[<int>DROP_STORED_POOL_LOW],
                        &engine.drops[<int>DROP_STORED_OVER_SHARE])
        and outbox_init(&engine.outbox, outbox_capacity)
        and ring_init(&engine.events, EVENT_RING, sizeof(Event))
        and ring_init(&engine.punts, PUNT_RING, sizeof(Punt))
    )


cdef void number_timers(Engine* engine) noexcept nogil:
    """Give each purpose a range of timers, one for each of its objects."""
    cdef uint32_t streams = engine.producer_capacity * MAX_ENCODINGS
    cdef uint32_t[TIMER_PURPOSES] counts
    cdef int purpose
    counts[<int>TIMER_REPORT] = engine.transport_capacity
    counts[<int>TIMER_FEEDBACK] = engine.transport_capacity
    counts[<int>TIMER_LEVEL] = engine.producer_capacity
    counts[<int>TIMER_NACK] = streams
    counts[<int>TIMER_KEYFRAME] = streams
    counts[<int>TIMER_PACE] = engine.transport_capacity
    counts[<int>TIMER_TRANSPORT_NEWS] = engine.transport_capacity
    counts[<int>TIMER_STREAM_NEWS] = streams
    counts[<int>TIMER_CONSUMER_NEWS] = engine.consumer_capacity
    counts[<int>TIMER_KEEPER] = 1
    counts[<int>TIMER_THROTTLE] = engine.transport_capacity
    engine.first_timer[0] = 0
    for purpose in range(TIMER_PURPOSES):
        engine.first_timer[purpose + 1] = engine.first_timer[purpose] + counts[purpose]


cdef void engine_destroy(Engine* engine) noexcept nogil:
    cdef uint32_t i
    if engine.streams != NULL:
        for i in range(engine.producer_capacity * MAX_ENCODINGS):
            if engine.streams[i].store.packets != NULL:
                store_destroy(&engine.streams[i].store)
            free(engine.streams[i].subscribers)
    if engine.consumers != NULL:
        for i in range(engine.consumer_capacity):
            if engine.consumers[i].history.packets != NULL:
                sent_destroy(&engine.consumers[i].history)
    if engine.transports != NULL:
        for i in range(engine.transport_capacity):
            free(engine.transports[i].throttle)
    free(engine.transports)
    free(engine.producers)
    free(engine.streams)
    free(engine.consumers)
    free(engine.socket_owners)
    table_destroy(&engine.usernames)
    address_table_destroy(&engine.addresses)
    table_destroy(&engine.inbound)
    table_destroy(&engine.outbound)
    table_destroy(&engine.reporters)
    wheel_destroy(&engine.wheel)
    keeper_destroy(&engine.keeper)
    pool_destroy(&engine.pool)
    outbox_destroy(&engine.outbox)
    ring_destroy(&engine.events)
    ring_destroy(&engine.punts)
    memset(engine, 0, sizeof(Engine))


cdef Transport* transport_of(Engine* engine, uint32_t handle) noexcept nogil:
    cdef uint32_t index = handle & INDEX_MASK
    if index < engine.transport_capacity and engine.transports[index].handle == handle:
        return &engine.transports[index]
    return NULL


cdef Producer* producer_of(Engine* engine, uint32_t handle) noexcept nogil:
    cdef uint32_t index = handle & INDEX_MASK
    if index < engine.producer_capacity and engine.producers[index].handle == handle:
        return &engine.producers[index]
    return NULL


cdef Consumer* consumer_of(Engine* engine, uint32_t handle) noexcept nogil:
    cdef uint32_t index = handle & INDEX_MASK
    if index < engine.consumer_capacity and engine.consumers[index].handle == handle:
        return &engine.consumers[index]
    return NULL


cdef uint32_t transport_index(const Engine* engine, const Transport* transport) noexcept nogil:
    return <uint32_t>(transport - engine.transports)


cdef uint32_t producer_index(const Engine* engine, const Producer* producer) noexcept nogil:
    return <uint32_t>(producer - engine.producers)


cdef uint32_t consumer_index(const Engine* engine, const Consumer* consumer) noexcept nogil:
    return <uint32_t>(consumer - engine.consumers)


cdef bint subscribe(Engine* engine, Consumer* consumer, uint32_t encoding) noexcept nogil:
    cdef ReceiveStream* stream = &engine.streams[consumer.producer * MAX_ENCODINGS + encoding]
    cdef uint32_t capacity
    cdef void* grown
    if consumer.position[encoding] != NOT_SUBSCRIBED:
        return True
    if stream.subscriber_count == stream.subscriber_capacity:
        capacity = stream.subscriber_capacity * 2 if stream.subscriber_capacity else FIRST_SUBSCRIBERS
        grown = realloc(stream.subscribers, capacity * sizeof(uint32_t))
        if grown == NULL:
            return False
        stream.subscribers = <uint32_t*>grown
        stream.subscriber_capacity = capacity
    stream.subscribers[stream.subscriber_count] = consumer_index(engine, consumer)
    consumer.position[encoding] = stream.subscriber_count
    stream.subscriber_count += 1
    return True


cdef void unsubscribe(Engine* engine, Consumer* consumer, uint32_t encoding) noexcept nogil:
    cdef ReceiveStream* stream = &engine.streams[consumer.producer * MAX_ENCODINGS + encoding]
    cdef uint32_t position = consumer.position[encoding]
    cdef uint32_t moved
    if position == NOT_SUBSCRIBED:
        return
    stream.subscriber_count -= 1
    moved = stream.subscribers[stream.subscriber_count]
    stream.subscribers[position] = moved
    engine.consumers[moved].position[encoding] = position
    consumer.position[encoding] = NOT_SUBSCRIBED


cdef TimerPurpose timer_purpose(const Engine* engine, uint32_t timer, uint32_t* index) noexcept nogil:
    cdef int purpose = 0
    while purpose + 1 < TIMER_PURPOSES and timer >= engine.first_timer[purpose + 1]:
        purpose += 1
    index[0] = timer - engine.first_timer[purpose]
    return <TimerPurpose>purpose
