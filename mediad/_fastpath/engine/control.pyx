"""Bodies of control.pxd: from a command to what it does, by table.

A late one (its object was closed meanwhile) is counted and ignored.
"""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.engine.consumers cimport (
    close_consumer, open_consumer, pause_consumer, request_key_frame, set_consumer_sessions, set_target,
)
from mediad._fastpath.engine.graph cimport (
    Consumer, Engine, Producer, Transport, consumer_of, drop, producer_of, transport_of,
)
from mediad._fastpath.engine.messages cimport (
    COMMAND_ADD_ADDRESS, COMMAND_ADD_USERNAME, COMMAND_CAP_UPLINK, COMMAND_CLOSE_CONSUMER, COMMAND_CLOSE_PRODUCER,
    COMMAND_CLOSE_TRANSPORT, COMMAND_COUNT, COMMAND_OPEN_CONSUMER, COMMAND_OPEN_PRODUCER, COMMAND_OPEN_TRANSPORT,
    COMMAND_PAUSE_CONSUMER, COMMAND_PAUSE_PRODUCER, COMMAND_REMOVE_ADDRESS, COMMAND_REMOVE_USERNAME,
    COMMAND_REQUEST_KEY_FRAME, COMMAND_REQUEST_STATS, COMMAND_SELECT_ADDRESS, COMMAND_SET_CONSUMER_SESSIONS,
    COMMAND_SET_DESIRED_BITRATE, COMMAND_SET_KEYS, COMMAND_SET_PROBE_SESSION, COMMAND_SET_TARGET, DROP_STALE_COMMAND,
    Command, CommandBody,
)
from mediad._fastpath.engine.producers cimport close_producer, open_producer, pause_producer
from mediad._fastpath.engine.statistics cimport tell_stats
from mediad._fastpath.engine.transports cimport (
    add_address, add_username, cap_uplink, close_transport, open_transport, remove_address, remove_username,
    select_address, set_desired_bitrate, set_keys, set_probe_session,
)

ctypedef void (*HandleCommand)(Engine*, uint32_t handle, const CommandBody*, uint64_t now_us) noexcept nogil
ctypedef void (*TransportCommand)(Engine*, Transport*, const CommandBody*, uint64_t now_us) noexcept nogil
ctypedef void (*ProducerCommand)(Engine*, Producer*, const CommandBody*, uint64_t now_us) noexcept nogil
ctypedef void (*ConsumerCommand)(Engine*, Consumer*, const CommandBody*, uint64_t now_us) noexcept nogil

cdef HandleCommand[COMMAND_COUNT] of_handle        # that nothing need have yet
cdef TransportCommand[COMMAND_COUNT] of_transport
cdef ProducerCommand[COMMAND_COUNT] of_producer
cdef ConsumerCommand[COMMAND_COUNT] of_consumer


cdef void engine_apply(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    if command.kind < COMMAND_COUNT and not applied(engine, command, now_us):
        drop(engine, DROP_STALE_COMMAND)


cdef bint applied(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    """False: what it is about was closed meanwhile."""
    cdef uint32_t kind = command.kind
    cdef Transport* transport
    cdef Producer* producer
    cdef Consumer* consumer
    if of_handle[kind] != NULL:
        of_handle[kind](engine, command.handle, &command.body, now_us)
    elif of_transport[kind] != NULL:
        transport = transport_of(engine, command.handle)
        if transport == NULL:
            return False
        of_transport[kind](engine, transport, &command.body, now_us)
    elif of_producer[kind] != NULL:
        producer = producer_of(engine, command.handle)
        if producer == NULL:
            return False
        of_producer[kind](engine, producer, &command.body, now_us)
    elif of_consumer[kind] != NULL:
        consumer = consumer_of(engine, command.handle)
        if consumer == NULL:
            return False
        of_consumer[kind](engine, consumer, &command.body, now_us)
    return True


cdef void request_stats(Engine* engine, uint32_t handle, const CommandBody* body, uint64_t now_us) noexcept nogil:
    tell_stats(engine, handle, body.stats.kind, body.stats.request_id, now_us)


of_handle[<int>COMMAND_OPEN_TRANSPORT] = open_transport
of_handle[<int>COMMAND_OPEN_PRODUCER] = open_producer
of_handle[<int>COMMAND_OPEN_CONSUMER] = open_consumer
of_handle[<int>COMMAND_REQUEST_STATS] = request_stats

of_transport[<int>COMMAND_CLOSE_TRANSPORT] = close_transport
of_transport[<int>COMMAND_ADD_USERNAME] = add_username
of_transport[<int>COMMAND_REMOVE_USERNAME] = remove_username
of_transport[<int>COMMAND_ADD_ADDRESS] = add_address
of_transport[<int>COMMAND_REMOVE_ADDRESS] = remove_address
of_transport[<int>COMMAND_SELECT_ADDRESS] = select_address
of_transport[<int>COMMAND_SET_KEYS] = set_keys
of_transport[<int>COMMAND_SET_PROBE_SESSION] = set_probe_session
of_transport[<int>COMMAND_SET_DESIRED_BITRATE] = set_desired_bitrate
of_transport[<int>COMMAND_CAP_UPLINK] = cap_uplink

of_producer[<int>COMMAND_PAUSE_PRODUCER] = pause_producer
of_producer[<int>COMMAND_CLOSE_PRODUCER] = close_producer

of_consumer[<int>COMMAND_SET_CONSUMER_SESSIONS] = set_consumer_sessions
of_consumer[<int>COMMAND_PAUSE_CONSUMER] = pause_consumer
of_consumer[<int>COMMAND_SET_TARGET] = set_target
of_consumer[<int>COMMAND_REQUEST_KEY_FRAME] = request_key_frame
of_consumer[<int>COMMAND_CLOSE_CONSUMER] = close_consumer
