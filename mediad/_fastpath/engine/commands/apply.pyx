"""Table from each command to the function that applies it.

One that cannot be done, a late one included (its object was closed meanwhile), is counted, and a REFUSED event says so.
"""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.engine.commands.consumers cimport (
    close_consumer, open_consumer, pause_consumer, request_key_frame, set_consumer_sessions, set_target,
)
from mediad._fastpath.engine.commands.own_sockets cimport allow_source, own_socket, set_remote
from mediad._fastpath.engine.events cimport tell_closed, tell_refused
from mediad._fastpath.engine.graph cimport (
    Consumer, Engine, Producer, Transport, consumer_of, drop, producer_of, transport_of,
)
from mediad._fastpath.engine.counts cimport DROP_COMMAND_REFUSED, DROP_STALE_COMMAND
from mediad._fastpath.engine.messages cimport (
    COMMAND_ADD_ADDRESS, COMMAND_ADD_USERNAME, COMMAND_ALLOW_SOURCE, COMMAND_ASK_ADDRESS, COMMAND_CAP_UPLINK,
    COMMAND_CLOSE_CONSUMER, COMMAND_CLOSE_PRODUCER, COMMAND_CLOSE_TRANSPORT, COMMAND_COUNT, COMMAND_OPEN_CONSUMER,
    COMMAND_OPEN_PRODUCER, COMMAND_OPEN_TRANSPORT, COMMAND_OWN_SOCKET, COMMAND_PAUSE_CONSUMER, COMMAND_PAUSE_PRODUCER,
    COMMAND_PROVE_ADDRESS, COMMAND_REMOVE_ADDRESS, COMMAND_REMOVE_USERNAME, COMMAND_REQUEST_KEY_FRAME,
    COMMAND_REQUEST_STATS, COMMAND_SELECT_ADDRESS, COMMAND_SELECT_UNPROVEN, COMMAND_SET_CONSUMER_SESSIONS,
    COMMAND_SET_DESIRED_BITRATE, COMMAND_SET_KEYS, COMMAND_SET_PROBE_SESSION, COMMAND_SET_REMOTE, COMMAND_SET_TARGET,
    COMMAND_THROTTLE_TRANSPORT, COMMAND_UNTHROTTLE_TRANSPORT, DONE, KIND_CONSUMER, KIND_PRODUCER, KIND_TRANSPORT,
    REFUSED_NO_SUCH_COMMAND, REFUSED_STALE, Command, CommandBody, Kind, Refusal,
)
from mediad._fastpath.engine.ingress.paths cimport (
    add_address, ask_address, prove_address, remove_address, select_address, select_unproven,
)
from mediad._fastpath.engine.commands.producers cimport close_producer, open_producer, pause_producer
from mediad._fastpath.engine.commands.statistics cimport tell_stats
from mediad._fastpath.engine.commands.transports cimport (
    add_username, cap_uplink, close_transport, open_transport, remove_username, set_desired_bitrate, set_keys,
    set_probe_session,
)
from mediad._fastpath.engine.throttle cimport throttle_transport, unthrottle_transport

ctypedef Refusal (*HandleCommand)(Engine*, uint32_t handle, const CommandBody*, uint64_t now_us) noexcept nogil
ctypedef Refusal (*TransportCommand)(Engine*, Transport*, const CommandBody*, uint64_t now_us) noexcept nogil
ctypedef Refusal (*ProducerCommand)(Engine*, Producer*, const CommandBody*, uint64_t now_us) noexcept nogil
ctypedef Refusal (*ConsumerCommand)(Engine*, Consumer*, const CommandBody*, uint64_t now_us) noexcept nogil

cdef HandleCommand[COMMAND_COUNT] of_handle        # of objects that need nothing else to exist
cdef TransportCommand[COMMAND_COUNT] of_transport
cdef ProducerCommand[COMMAND_COUNT] of_producer
cdef ConsumerCommand[COMMAND_COUNT] of_consumer


cdef void engine_apply(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef Refusal refusal = applied(engine, command, now_us)
    cdef Kind kind = kind_of(command.kind)
    if refusal == DONE:
        return
    drop(engine, DROP_STALE_COMMAND if refusal == REFUSED_STALE else DROP_COMMAND_REFUSED)
    if opens(command.kind):
        tell_closed(engine, kind, command.handle)      # it never was open: its slot is free
    tell_refused(engine, kind, command, refusal)


cdef bint opens(uint32_t command) noexcept nogil:
    return (command == COMMAND_OPEN_TRANSPORT or command == COMMAND_OPEN_PRODUCER or command == COMMAND_OPEN_CONSUMER)


cdef Kind kind_of(uint32_t command) noexcept nogil:
    """Return the kind of object that a command's handle names."""
    if command < COMMAND_COUNT and (command == COMMAND_OPEN_PRODUCER or of_producer[command] != NULL):
        return KIND_PRODUCER
    if command < COMMAND_COUNT and (command == COMMAND_OPEN_CONSUMER or of_consumer[command] != NULL):
        return KIND_CONSUMER
    return KIND_TRANSPORT


cdef Refusal applied(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil:
    cdef uint32_t kind = command.kind
    cdef Transport* transport
    cdef Producer* producer
    cdef Consumer* consumer
    if kind >= COMMAND_COUNT:
        return REFUSED_NO_SUCH_COMMAND
    if of_handle[kind] != NULL:
        return of_handle[kind](engine, command.handle, &command.body, now_us)
    if of_transport[kind] != NULL:
        transport = transport_of(engine, command.handle)
        return REFUSED_STALE if transport == NULL else of_transport[kind](engine, transport, &command.body, now_us)
    if of_producer[kind] != NULL:
        producer = producer_of(engine, command.handle)
        return REFUSED_STALE if producer == NULL else of_producer[kind](engine, producer, &command.body, now_us)
    if of_consumer[kind] != NULL:
        consumer = consumer_of(engine, command.handle)
        return REFUSED_STALE if consumer == NULL else of_consumer[kind](engine, consumer, &command.body, now_us)
    return REFUSED_NO_SUCH_COMMAND


cdef Refusal request_stats(Engine* engine, uint32_t handle, const CommandBody* body, uint64_t now_us) noexcept nogil:
    tell_stats(engine, handle, body.stats.kind, body.stats.request_id, now_us)
    return DONE


of_handle[<int>COMMAND_OPEN_TRANSPORT] = open_transport
of_handle[<int>COMMAND_OPEN_PRODUCER] = open_producer
of_handle[<int>COMMAND_OPEN_CONSUMER] = open_consumer
of_handle[<int>COMMAND_REQUEST_STATS] = request_stats
of_handle[<int>COMMAND_ALLOW_SOURCE] = allow_source

of_transport[<int>COMMAND_CLOSE_TRANSPORT] = close_transport
of_transport[<int>COMMAND_ADD_USERNAME] = add_username
of_transport[<int>COMMAND_REMOVE_USERNAME] = remove_username
of_transport[<int>COMMAND_ADD_ADDRESS] = add_address
of_transport[<int>COMMAND_REMOVE_ADDRESS] = remove_address
of_transport[<int>COMMAND_SELECT_ADDRESS] = select_address
of_transport[<int>COMMAND_SELECT_UNPROVEN] = select_unproven
of_transport[<int>COMMAND_PROVE_ADDRESS] = prove_address
of_transport[<int>COMMAND_ASK_ADDRESS] = ask_address
of_transport[<int>COMMAND_OWN_SOCKET] = own_socket
of_transport[<int>COMMAND_SET_REMOTE] = set_remote
of_transport[<int>COMMAND_SET_KEYS] = set_keys
of_transport[<int>COMMAND_SET_PROBE_SESSION] = set_probe_session
of_transport[<int>COMMAND_SET_DESIRED_BITRATE] = set_desired_bitrate
of_transport[<int>COMMAND_CAP_UPLINK] = cap_uplink
of_transport[<int>COMMAND_THROTTLE_TRANSPORT] = throttle_transport
of_transport[<int>COMMAND_UNTHROTTLE_TRANSPORT] = unthrottle_transport

of_producer[<int>COMMAND_PAUSE_PRODUCER] = pause_producer
of_producer[<int>COMMAND_CLOSE_PRODUCER] = close_producer

of_consumer[<int>COMMAND_SET_CONSUMER_SESSIONS] = set_consumer_sessions
of_consumer[<int>COMMAND_PAUSE_CONSUMER] = pause_consumer
of_consumer[<int>COMMAND_SET_TARGET] = set_target
of_consumer[<int>COMMAND_REQUEST_KEY_FRAME] = request_key_frame
of_consumer[<int>COMMAND_CLOSE_CONSUMER] = close_consumer
