"""Turns of the media thread: wait, apply commands, receive, tick, send, tell."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memcpy
from mediad._fastpath.base.ring cimport ring_commit, ring_destroy, ring_init, ring_pop, ring_push, ring_push_slot
from mediad._fastpath.base.table cimport Address
from mediad._fastpath.engine.commands.apply cimport engine_apply
from mediad._fastpath.engine.commands.own_sockets cimport disown_socket
from mediad._fastpath.engine.events cimport events_have_room, tell_closed, tell_refused
from mediad._fastpath.engine.graph cimport drop, engine_destroy, engine_init
from mediad._fastpath.engine.counts cimport DROP_COMMAND_REFUSED, DROP_SOCKET_CLOSED
from mediad._fastpath.engine.messages cimport (
    COMMAND_CLOSE_SOCKET, COMMAND_OPEN_LISTENER, COMMAND_OPEN_SOCKET, COMMAND_STOP, KIND_SOCKET, PUNT_BYTES,
    REFUSED_NO_MEMORY, REFUSED_OUT_OF_RANGE, Command, Refusal,
)
from mediad._fastpath.engine.timers.tick cimport engine_deadline, engine_tick
from mediad._fastpath.io.kernel cimport (
    EPOLL_CLOEXEC, block_signals, can_gso, close, enable_gro, epoll_add, epoll_create1, epoll_event, epoll_remove,
    epoll_tag, epoll_wait_us, eventfd_clear, eventfd_open, eventfd_ring, monotonic_us, send_one, socket_family,
    wall_us,
)
from mediad._fastpath.io.sockets cimport DATAGRAMS, LISTENER, MAX_SOCKETS
from mediad._fastpath.io.tcp cimport (
    OutgoingDatagram, after_command, before_command, end_strangers, ends_paths, tcp_close, tcp_deadline, tcp_open,
    tcp_tick,
)
from mediad._fastpath.io.tcp_accept cimport accept_again, accept_waiting, listener_index, listener_tag
from mediad._fastpath.io.tcp_kernel cimport EPOLLOUT, is_unspecified
from mediad._fastpath.io.tcp_receive cimport stream_deliver, stream_fetch
from mediad._fastpath.io.tcp_send cimport stream_send_outgoing, stream_send_waiting
from mediad._fastpath.io.udp_receive cimport (
    RECEIVE_MESSAGES, receive_deliver, receive_fetch, receiver_close, receiver_open,
)
from mediad._fastpath.io.udp_send cimport send_outbox, sender_close, sender_open

cdef enum:
    COMMAND_RING = 2048
    OUTBOX_DATAGRAMS = 1024        # 2 MiB: what a batch writes is still in cache when it is sent
    READY_EVENTS = 64
    ROUNDS = 4                     # receive batches of one socket before the others and the timers get their turn
    BACKLOG_US = 1000              # look again at commands that found no room for their events

cdef extern from "<stdint.h>":
    const uint32_t COMMAND_TAG "UINT32_MAX"


cdef Opened loop_open(Loop* loop, uint32_t packet_slots, uint32_t transports, uint32_t producers, uint32_t consumers,
                      uint32_t tcp_connections, uint32_t tcp_most_per_host, uint64_t seed) noexcept nogil:
    cdef int i
    loop.epoll_fd = loop.command_fd = loop.event_fd = -1
    for i in range(MAX_SOCKETS):
        loop.sockets.fds[i] = -1
    if not (
        engine_init(&loop.engine, packet_slots, transports, producers, consumers, OUTBOX_DATAGRAMS, seed,
                    monotonic_us(), wall_us())
        and ring_init(&loop.commands, COMMAND_RING, sizeof(Command))
        and receiver_open(&loop.receiver)
        and sender_open(&loop.sender, &loop.sockets, &loop.tcp, OUTBOX_DATAGRAMS, transports)
        and tcp_open(&loop.tcp, &loop.engine, tcp_connections, tcp_most_per_host, seed)
    ):
        return LOOP_NO_MEMORY
    loop.engine.flush = send_outbox
    loop.engine.context = &loop.sender
    loop.epoll_fd = epoll_create1(EPOLL_CLOEXEC)
    loop.command_fd = eventfd_open()
    loop.event_fd = eventfd_open()
    if loop.epoll_fd < 0 or loop.command_fd < 0 or loop.event_fd < 0:
        return LOOP_NO_DESCRIPTORS
    loop.tcp.epoll_fd = loop.epoll_fd
    epoll_add(loop.epoll_fd, loop.command_fd, COMMAND_TAG)
    return LOOP_OPEN


cdef void close_descriptor(int fd) noexcept nogil:
    if fd >= 0:
        close(fd)


cdef void loop_close(Loop* loop) noexcept nogil:
    close_descriptor(loop.epoll_fd)
    close_descriptor(loop.command_fd)
    close_descriptor(loop.event_fd)
    tcp_close(&loop.tcp)
    engine_destroy(&loop.engine)
    ring_destroy(&loop.commands)
    receiver_close(&loop.receiver)
    sender_close(&loop.sender)


cdef bint loop_submit(Loop* loop, const Command* command) noexcept nogil:
    if not ring_push(&loop.commands, command):
        return False
    # Rung for every command: a test for "was empty" without a lock would lose wake-ups.
    eventfd_ring(loop.command_fd)
    return True


cdef Sent loop_send(Loop* loop, const Address* to, const char* data, size_t length) noexcept nogil:
    if to.connection != 0:
        return send_over_connection(loop, to.connection, data, length)
    if to.socket >= MAX_SOCKETS or loop.sockets.fds[to.socket] < 0 or loop.sockets.kinds[to.socket] != DATAGRAMS:
        return SENT_NOT
    if not send_one(loop.sockets.fds[to.socket], loop.sockets.families[to.socket], data, length, to.high, to.low,
                    to.port, to.local_high, to.local_low):
        return SENT_NOT
    return SENT


cdef Sent send_over_connection(Loop* loop, uint32_t connection, const char* data, size_t length) noexcept nogil:
    cdef OutgoingDatagram* record
    if length > PUNT_BYTES:
        return SENT_NOT
    record = <OutgoingDatagram*>ring_push_slot(&loop.tcp.outgoing)
    if record == NULL:
        return SENT_LATER
    record.connection = connection
    record.length = <uint32_t>length
    memcpy(record.bytes, data, length)
    ring_commit(&loop.tcp.outgoing)
    eventfd_ring(loop.command_fd)
    return SENT


cdef void loop_run(Loop* loop) noexcept nogil:
    """Body of the thread: wait, apply commands, receive, tick, send, tell, until a STOP command."""
    cdef epoll_event ready[READY_EVENTS]
    cdef uint64_t now_us, tag
    cdef int i, count
    block_signals()
    while not loop.stopping:
        count = epoll_wait_us(loop.epoll_fd, ready, READY_EVENTS, sleep_us(loop))
        now_us = monotonic_us()
        loop.tcp.now_us = now_us
        apply_commands(loop, now_us)
        for i in range(count):
            tag = epoll_tag(&ready[i])
            if tag < MAX_SOCKETS:
                receive(loop, <uint32_t>tag, now_us)
            elif tag == COMMAND_TAG:
                eventfd_clear(loop.command_fd)
                apply_commands(loop, now_us)
            else:
                receive_stream(loop, tag, ready[i].events, now_us)
        engine_tick(&loop.engine, now_us)
        tcp_tick(&loop.tcp, now_us)
        accept_again(&loop.tcp, &loop.sockets, now_us)
        send_outbox(&loop.engine)
        if loop.engine.has_news:
            loop.engine.has_news = False
            eventfd_ring(loop.event_fd)


cdef int64_t sleep_us(Loop* loop) noexcept nogil:
    """Time to sleep until the next timer; -1: until something comes in."""
    cdef uint64_t deadline_us = engine_deadline(&loop.engine)
    cdef uint64_t tcp_us = tcp_deadline(&loop.tcp)
    cdef uint64_t now_us
    if tcp_us != 0 and (deadline_us == 0 or tcp_us < deadline_us):
        deadline_us = tcp_us
    if loop.backlog:
        return BACKLOG_US
    if deadline_us == 0:
        return -1
    now_us = monotonic_us()
    return <int64_t>(deadline_us - now_us) if deadline_us > now_us else 0


cdef void receive(Loop* loop, uint32_t socket, uint64_t now_us) noexcept nogil:
    cdef int _round, count
    cdef uint32_t generation
    for _round in range(ROUNDS):
        if loop.sockets.fds[socket] < 0:
            return                     # closed by a command of this very turn
        generation = loop.sockets.generations[socket]
        count = receive_fetch(&loop.receiver, loop.sockets.fds[socket])
        if count == 0:
            return
        apply_commands(loop, now_us)   # what was said before these datagrams left must hold for them
        if loop.sockets.generations[socket] != generation:
            # They came to a port that is closed now. Another may have its index already.
            loop.engine.drops[<int>DROP_SOCKET_CLOSED] += count
            return
        receive_deliver(&loop.receiver, &loop.engine, socket, count, now_us)
        if count < RECEIVE_MESSAGES:
            return


cdef void receive_stream(Loop* loop, uint64_t tag, uint32_t events, uint64_t now_us) noexcept nogil:
    """Do what epoll tells of a listener or a connection."""
    cdef uint32_t connection = <uint32_t>(tag >> 32)
    cdef uint32_t length
    if connection == 0:
        accept_waiting(&loop.tcp, &loop.sockets, listener_index(tag), now_us)
        return
    if events & EPOLLOUT:
        stream_send_waiting(&loop.tcp, connection)
    if events == EPOLLOUT:
        return
    length = stream_fetch(&loop.tcp, connection)
    if length != 0:
        apply_commands(loop, now_us)   # as for datagrams
        stream_deliver(&loop.tcp, connection, length, now_us)


cdef void apply_commands(Loop* loop, uint64_t now_us) noexcept nogil:
    """Apply all commands, as long as there is room for the events they cause: Python makes some by reading."""
    cdef Command command
    loop.backlog = False
    while True:
        if not events_have_room(&loop.engine):
            loop.backlog = True
            break
        if not ring_pop(&loop.commands, &command):
            break
        if command.kind == COMMAND_OPEN_SOCKET or command.kind == COMMAND_OPEN_LISTENER:
            open_socket(loop, &command)
        elif command.kind == COMMAND_CLOSE_SOCKET:
            close_socket(loop, &command)
        elif command.kind == COMMAND_STOP:
            loop.stopping = True
        else:
            apply(loop, &command, now_us)
    stream_send_outgoing(&loop.tcp)


cdef void apply(Loop* loop, const Command* command, uint64_t now_us) noexcept nogil:
    if ends_paths(command):
        stream_send_outgoing(&loop.tcp)    # what Python sent before still goes there
        before_command(&loop.tcp, command)
    engine_apply(&loop.engine, command, now_us)
    after_command(&loop.tcp, command, now_us)


cdef void open_socket(Loop* loop, const Command* command) noexcept nogil:
    cdef uint32_t index = command.handle
    cdef int fd = command.body.fd
    cdef bint listens = command.kind == COMMAND_OPEN_LISTENER
    if index >= MAX_SOCKETS:
        refuse_socket(loop, command, REFUSED_OUT_OF_RANGE)
        return
    loop.sockets.generations[index] += 1
    loop.sockets.fds[index] = fd
    loop.sockets.families[index] = socket_family(fd)
    loop.sockets.kinds[index] = LISTENER if listens else DATAGRAMS
    loop.sockets.unspecified[index] = listens and is_unspecified(fd)
    if not listens:
        loop.sender.gso = loop.sender.gso and can_gso(fd)
        loop.gro = enable_gro(fd)
    if epoll_add(loop.epoll_fd, fd, listener_tag(index) if listens else index) != 0:
        loop.sockets.fds[index] = -1
        refuse_socket(loop, command, REFUSED_NO_MEMORY)


cdef void refuse_socket(Loop* loop, const Command* command, Refusal reason) noexcept nogil:
    drop(&loop.engine, DROP_COMMAND_REFUSED)
    tell_refused(&loop.engine, KIND_SOCKET, command, reason)


cdef void close_socket(Loop* loop, const Command* command) noexcept nogil:
    cdef uint32_t index = command.handle
    if index >= MAX_SOCKETS:
        return
    if loop.sockets.fds[index] >= 0:   # otherwise it was refused
        send_outbox(&loop.engine)
        if loop.sockets.kinds[index] != DATAGRAMS:
            end_strangers(&loop.tcp, index)
        epoll_remove(loop.epoll_fd, loop.sockets.fds[index])
        loop.sockets.fds[index] = -1
        loop.sockets.generations[index] += 1
        disown_socket(&loop.engine, index)
    tell_closed(&loop.engine, KIND_SOCKET, index)
