"""Turns of the media thread: wait, apply commands, receive, tick, send, tell."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from mediad._fastpath.base.ring cimport ring_destroy, ring_init, ring_pop, ring_push
from mediad._fastpath.base.table cimport Address
from mediad._fastpath.engine.commands.apply cimport engine_apply
from mediad._fastpath.engine.events cimport events_have_room, tell_closed, tell_refused
from mediad._fastpath.engine.graph cimport drop, engine_destroy, engine_init
from mediad._fastpath.engine.messages cimport (
    COMMAND_CLOSE_SOCKET, COMMAND_OPEN_SOCKET, COMMAND_STOP, DROP_COMMAND_REFUSED, DROP_SOCKET_CLOSED, KIND_SOCKET,
    REFUSED_NO_MEMORY, REFUSED_OUT_OF_RANGE, Command, Refusal,
)
from mediad._fastpath.engine.timers.tick cimport engine_deadline, engine_tick
from mediad._fastpath.io.kernel cimport (
    EPOLL_CLOEXEC, block_signals, can_gso, close, enable_gro, epoll_add, epoll_create1, epoll_event, epoll_remove,
    epoll_tag, epoll_wait_us, eventfd_clear, eventfd_open, eventfd_ring, monotonic_us, send_one, socket_family,
    wall_us,
)
from mediad._fastpath.io.udp_receive cimport (
    RECEIVE_MESSAGES, receive_deliver, receive_fetch, receiver_close, receiver_open,
)
from mediad._fastpath.io.udp_send cimport MAX_SOCKETS, send_outbox, sender_close, sender_open

cdef enum:
    COMMAND_RING = 2048
    OUTBOX_DATAGRAMS = 1024        # 2 MiB: what a batch writes is still in cache when it is sent
    READY_EVENTS = 64
    ROUNDS = 4                     # receive batches of one socket before the others and the timers get their turn
    BACKLOG_US = 1000              # look again at commands that found no room for their events

cdef extern from "<stdint.h>":
    const uint32_t COMMAND_TAG "UINT32_MAX"


cdef Opened loop_open(Loop* loop, uint32_t packet_slots, uint32_t transports, uint32_t producers, uint32_t consumers,
                      uint64_t seed) noexcept nogil:
    cdef int i
    loop.epoll_fd = loop.command_fd = loop.event_fd = -1
    for i in range(MAX_SOCKETS):
        loop.sockets.fds[i] = -1
    if not (
        engine_init(&loop.engine, packet_slots, transports, producers, consumers, OUTBOX_DATAGRAMS, seed,
                    monotonic_us(), wall_us())
        and ring_init(&loop.commands, COMMAND_RING, sizeof(Command))
        and receiver_open(&loop.receiver)
        and sender_open(&loop.sender, &loop.sockets, OUTBOX_DATAGRAMS, transports)
    ):
        return LOOP_NO_MEMORY
    loop.engine.flush = send_outbox
    loop.engine.context = &loop.sender
    loop.epoll_fd = epoll_create1(EPOLL_CLOEXEC)
    loop.command_fd = eventfd_open()
    loop.event_fd = eventfd_open()
    if loop.epoll_fd < 0 or loop.command_fd < 0 or loop.event_fd < 0:
        return LOOP_NO_DESCRIPTORS
    epoll_add(loop.epoll_fd, loop.command_fd, COMMAND_TAG)
    return LOOP_OPEN


cdef void close_descriptor(int fd) noexcept nogil:
    if fd >= 0:
        close(fd)


cdef void loop_close(Loop* loop) noexcept nogil:
    close_descriptor(loop.epoll_fd)
    close_descriptor(loop.command_fd)
    close_descriptor(loop.event_fd)
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


cdef bint loop_send(Loop* loop, const Address* to, const char* data, size_t length) noexcept nogil:
    if to.socket >= MAX_SOCKETS or loop.sockets.fds[to.socket] < 0:
        return False
    return send_one(loop.sockets.fds[to.socket], loop.sockets.families[to.socket], data, length, to.high, to.low,
                    to.port, to.local_high, to.local_low)


cdef void loop_run(Loop* loop) noexcept nogil:
    """Body of the thread: wait, apply commands, receive, tick, send, tell, until a STOP command."""
    cdef epoll_event ready[READY_EVENTS]
    cdef uint64_t now_us, tag
    cdef int i, count
    block_signals()
    while not loop.stopping:
        count = epoll_wait_us(loop.epoll_fd, ready, READY_EVENTS, sleep_us(loop))
        now_us = monotonic_us()
        apply_commands(loop, now_us)
        for i in range(count):
            tag = epoll_tag(&ready[i])
            if tag == COMMAND_TAG:
                eventfd_clear(loop.command_fd)
                apply_commands(loop, now_us)
            else:
                receive(loop, <uint32_t>tag, now_us)
        engine_tick(&loop.engine, now_us)
        send_outbox(&loop.engine)
        if loop.engine.has_news:
            loop.engine.has_news = False
            eventfd_ring(loop.event_fd)


cdef int64_t sleep_us(Loop* loop) noexcept nogil:
    """Time to sleep until the next timer; -1: until something comes in."""
    cdef uint64_t deadline_us = engine_deadline(&loop.engine)
    cdef uint64_t now_us
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


cdef void apply_commands(Loop* loop, uint64_t now_us) noexcept nogil:
    """Apply all commands, as long as there is room for the events they cause: Python makes some by reading."""
    cdef Command command
    loop.backlog = False
    while True:
        if not events_have_room(&loop.engine):
            loop.backlog = True
            return
        if not ring_pop(&loop.commands, &command):
            return
        if command.kind == COMMAND_OPEN_SOCKET:
            open_socket(loop, &command)
        elif command.kind == COMMAND_CLOSE_SOCKET:
            close_socket(loop, &command)
        elif command.kind == COMMAND_STOP:
            loop.stopping = True
        else:
            engine_apply(&loop.engine, &command, now_us)


cdef void open_socket(Loop* loop, const Command* command) noexcept nogil:
    cdef uint32_t index = command.handle
    if index >= MAX_SOCKETS:
        refuse_socket(loop, command, REFUSED_OUT_OF_RANGE)
        return
    loop.sockets.generations[index] += 1
    loop.sockets.fds[index] = command.body.fd
    loop.sockets.families[index] = socket_family(command.body.fd)
    if not can_gso(command.body.fd):
        loop.sender.gso = False
    loop.gro = enable_gro(command.body.fd)
    if epoll_add(loop.epoll_fd, command.body.fd, index) != 0:
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
        epoll_remove(loop.epoll_fd, loop.sockets.fds[index])
        loop.sockets.fds[index] = -1
        loop.sockets.generations[index] += 1
    tell_closed(&loop.engine, KIND_SOCKET, index)
