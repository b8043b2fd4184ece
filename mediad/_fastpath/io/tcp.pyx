"""Beginning and end of TCP connections, and the commands that decide about them."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memset
from mediad._fastpath.base.ring cimport ring_destroy, ring_init
from mediad._fastpath.base.table cimport NO_VALUE, address_table_get
from mediad._fastpath.engine.events cimport emit, event_begin, news_have_room
from mediad._fastpath.engine.graph cimport Transport, drop, transport_index, transport_of
from mediad._fastpath.engine.counts cimport COUNT_TCP_CLOSED_BY_TRANSPORT, COUNT_TCP_CLOSED_SILENT, DROP_EVENT_FULL
from mediad._fastpath.engine.messages cimport (
    COMMAND_ADD_ADDRESS, COMMAND_CLOSE_TRANSPORT, COMMAND_REMOVE_ADDRESS, EVENT_PATH_LOST, MAX_ADDRESSES, Event,
)
from mediad._fastpath.io.kernel cimport close
from mediad._fastpath.io.tcp_connections cimport (
    NO_CONNECTION, AgeList, connection_checked, connection_leave, connection_of, connections_destroy, connections_init,
    oldest_of,
)
from mediad._fastpath.io.tcp_kernel cimport reset_on_close
from mediad._fastpath.io.tcp_queue cimport STORE_SLOTS, queue_clear, store_close, store_open
from mediad._fastpath.wire.framing cimport MAX_KEPT_BYTES


cdef enum:
    OUTGOING_RING = 512
    ENDS_A_TURN = 64               # so that many that end at once hold up no packets
    OVERSLEPT_US = 1000000
    SECOND_CHANCE_US = 7000000     # peers check every 4 to 6 s: RFC 7675 section 5.1


cdef bint tcp_open(Tcp* tcp, Engine* engine, uint32_t connections, uint32_t most_per_host,
                   uint64_t seed) noexcept nogil:
    memset(tcp, 0, sizeof(Tcp))
    tcp.engine = engine
    tcp.epoll_fd = -1
    tcp.buffer = <uint8_t*>malloc(READ_BYTES + MAX_KEPT_BYTES)
    return (
        tcp.buffer != NULL
        and connections_init(&tcp.connections, connections, most_per_host, seed)
        and store_open(&tcp.store, engine.drops, STORE_SLOTS)
        and ring_init(&tcp.outgoing, OUTGOING_RING, sizeof(OutgoingDatagram))
    )


cdef void tcp_close(Tcp* tcp) noexcept nogil:
    cdef uint32_t i
    for i in range(tcp.connections.capacity):
        if tcp.connections.slots != NULL and tcp.connections.slots[i].number != 0:
            close(tcp.connections.slots[i].fd)
    connections_destroy(&tcp.connections)
    store_close(&tcp.store)
    ring_destroy(&tcp.outgoing)
    free(tcp.buffer)
    tcp.buffer = NULL


cdef uint64_t connection_tag(const Connection* connection) noexcept nogil:
    return <uint64_t>connection.number << 32


cdef void end_connection(Tcp* tcp, Connection* connection, Counter reason, bint reset) noexcept nogil:
    """Close it, and tell the transport that had it as a path.

    `reset`: what the kernel has still to send is thrown away.
    """
    cdef uint32_t place = address_table_get(&tcp.engine.addresses, &connection.address)
    tcp.engine.counts[<int>reason] += 1
    if place != NO_VALUE:
        tell_lost(tcp.engine, tcp.engine.transports[place // MAX_ADDRESSES].handle, &connection.address)
    if reset:
        reset_on_close(connection.fd)
    close(connection.fd)               # which takes it out of epoll, too
    queue_clear(&tcp.store, &connection.queue)
    connection_leave(&tcp.connections, connection)


cdef void tell_lost(Engine* engine, uint32_t handle, const Address* address) noexcept nogil:
    """Tell that a path has no connection any more. When there is no room, ICE finds out by its consent timer."""
    cdef Event event
    if not news_have_room(engine):
        drop(engine, DROP_EVENT_FULL)
        return
    event_begin(&event, EVENT_PATH_LOST, handle)
    event.body.path.address = address[0]
    emit(engine, &event)


cdef void end_strangers(Tcp* tcp, uint32_t listener) noexcept nogil:
    cdef uint32_t slot = tcp.connections.strangers.oldest
    cdef Connection* stranger
    while slot != NO_CONNECTION:
        stranger = &tcp.connections.slots[slot]
        slot = stranger.newer
        if stranger.address.socket == listener:
            end_connection(tcp, stranger, COUNT_TCP_CLOSED_BY_TRANSPORT, True)


# --- commands ---------------------------------------------------------------------------------------------------------

cdef bint ends_paths(const Command* command) noexcept nogil:
    return command.kind == COMMAND_CLOSE_TRANSPORT or (
        command.kind == COMMAND_REMOVE_ADDRESS and command.body.address.connection != 0)


cdef void before_command(Tcp* tcp, const Command* command) noexcept nogil:
    """End the connections of paths that are given up, those of a transport that closes included."""
    cdef Transport* transport = transport_of(tcp.engine, command.handle)
    cdef uint32_t i
    if transport == NULL:
        return
    if command.kind == COMMAND_REMOVE_ADDRESS:
        end_path(tcp, transport, &command.body.address)
        return
    for i in range(MAX_ADDRESSES):
        if transport.paths[i].used:
            end_path(tcp, transport, &transport.paths[i].address)


cdef void end_path(Tcp* tcp, const Transport* transport, const Address* address) noexcept nogil:
    """End a path's connection, unless it is another transport's path, too."""
    cdef Connection* connection = connection_of(&tcp.connections, address.connection)
    cdef uint32_t place = address_table_get(&tcp.engine.addresses, address)
    if connection == NULL or (
            place != NO_VALUE and place // MAX_ADDRESSES != transport_index(tcp.engine, transport)):
        return
    end_connection(tcp, connection, COUNT_TCP_CLOSED_BY_TRANSPORT, False)


cdef void after_command(Tcp* tcp, const Command* command, uint64_t now_us) noexcept nogil:
    """Note an authentic check, which each ADD_ADDRESS means; the connection may have ended before it was judged."""
    cdef Connection* connection
    if command.kind != COMMAND_ADD_ADDRESS or command.body.address.connection == 0:
        return
    connection = connection_of(&tcp.connections, command.body.address.connection)
    if connection != NULL:
        connection_checked(&tcp.connections, connection, now_us)
    else:
        tell_lost(tcp.engine, command.handle, &command.body.address)


# --- silence ----------------------------------------------------------------------------------------------------------

cdef inline uint64_t silent_at_us(Tcp* tcp, const AgeList* ages) noexcept nogil:
    cdef Connection* connection = oldest_of(&tcp.connections, ages)
    return 0 if connection == NULL else connection.alive_us + SILENT_US


cdef inline uint64_t sooner(uint64_t a_us, uint64_t b_us) noexcept nogil:
    """The earlier of two times; 0 = never."""
    return a_us if b_us == 0 or (a_us != 0 and a_us < b_us) else b_us


cdef uint64_t tcp_deadline(Tcp* tcp) noexcept nogil:
    cdef uint64_t silent_us = sooner(silent_at_us(tcp, &tcp.connections.strangers),
                                     silent_at_us(tcp, &tcp.connections.guests))
    if silent_us != 0 and silent_us < tcp.overslept_until_us:
        silent_us = tcp.overslept_until_us
    return sooner(silent_us, tcp.accept_again_us)


cdef void tcp_tick(Tcp* tcp, uint64_t now_us) noexcept nogil:
    """End connections that were silent too long.

    Called much too late, because the process was stopped or starved, it waits once more instead.
    """
    cdef uint64_t silent_us = sooner(silent_at_us(tcp, &tcp.connections.strangers),
                                     silent_at_us(tcp, &tcp.connections.guests))
    if silent_us == 0 or now_us < silent_us or now_us < tcp.overslept_until_us:
        return
    if now_us > silent_us + OVERSLEPT_US and now_us > tcp.overslept_until_us + OVERSLEPT_US:
        tcp.overslept_until_us = now_us + SECOND_CHANCE_US
        return
    end_silent(tcp, &tcp.connections.strangers, now_us)
    end_silent(tcp, &tcp.connections.guests, now_us)


cdef void end_silent(Tcp* tcp, const AgeList* ages, uint64_t now_us) noexcept nogil:
    cdef Connection* connection
    cdef int _
    for _ in range(ENDS_A_TURN):
        connection = oldest_of(&tcp.connections, ages)
        if connection == NULL or now_us < connection.alive_us + SILENT_US:
            return
        end_connection(tcp, connection, COUNT_TCP_CLOSED_SILENT, True)
