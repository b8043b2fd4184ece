"""The media thread: sockets, epoll and rings around the engine.

Feed, drain, send, sleep until the next deadline. Python's side is MediaLoop: it fills the command ring, reads the event
rings, and lends its thread to run(), which gives the GIL back before the first packet and never asks for it again.
"""

import secrets

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset
from mediad._fastpath.io.kernel cimport (
    EPOLL_CLOEXEC, block_signals, close, enable_gro, epoll_add, epoll_create1, epoll_event, epoll_remove, epoll_tag,
    epoll_wait_us, eventfd_clear, eventfd_open, eventfd_ring, monotonic_us, can_gso, send_one, socket_family, wall_us,
)
from mediad._fastpath.base.ring cimport Ring, ring_destroy, ring_init, ring_pop, ring_push
from mediad._fastpath.base.table cimport Address
from mediad._fastpath.door.addresses cimport fill_address
from mediad._fastpath.door.commands cimport Commands
from mediad._fastpath.door.counters cimport read_counters, read_packet_slots
from mediad._fastpath.door.event_reader cimport EventReader
from mediad._fastpath.engine.commands.apply cimport engine_apply
from mediad._fastpath.engine.timers.tick cimport engine_deadline, engine_tick
from mediad._fastpath.engine.events cimport events_have_room, tell_closed, tell_refused
from mediad._fastpath.engine.graph cimport Engine, drop, engine_destroy, engine_init
from mediad._fastpath.engine.messages cimport (
    COMMAND_CLOSE_SOCKET, COMMAND_OPEN_SOCKET, COMMAND_STOP, DROP_COMMAND_REFUSED, KIND_SOCKET,
    REFUSED_NO_MEMORY, REFUSED_OUT_OF_RANGE, Command, Refusal,
)
from mediad._fastpath.engine.messages cimport (
    MAX_ADDRESSES as _MAX_ADDRESSES, MAX_ENCODINGS as _MAX_ENCODINGS, MAX_USERNAMES as _MAX_USERNAMES,
)
from mediad._fastpath.io.udp_receive cimport (
    RECEIVE_MESSAGES, Receiver, receive_deliver, receive_fetch, receiver_close, receiver_open,
)
from mediad._fastpath.io.udp_send cimport MAX_SOCKETS, Sender, Sockets, send_outbox, sender_close, sender_open

from mediad._fastpath.engine.messages import Kind
from mediad._fastpath.wire.payload import Codec
from mediad._fastpath.wire.rtp import ExtensionKind
from mediad._fastpath.wire.srtp import session_pointer

__all__ = [
    "MAX_ADDRESSES", "MAX_ENCODINGS", "MAX_USERNAMES", "Codec", "ExtensionKind", "Kind", "MediaLoop", "session_pointer",
]

MAX_ENCODINGS = _MAX_ENCODINGS
MAX_USERNAMES = _MAX_USERNAMES
MAX_ADDRESSES = _MAX_ADDRESSES

cdef enum:
    COMMAND_RING = 2048
    OUTBOX_DATAGRAMS = 1024        # 2 MiB: what a batch writes is still in cache when it is sent
    READY_EVENTS = 64
    ROUNDS = 4                     # receive batches of one socket before the others and the timers get their turn
    BACKLOG_US = 1000              # look again at commands that found no room for their events

cdef extern from "<stdint.h>":
    const uint32_t COMMAND_TAG "UINT32_MAX"


cdef struct Loop:
    Engine engine
    Ring commands
    Sockets sockets
    Receiver receiver
    Sender sender
    int epoll_fd
    int command_fd                 # rung by Python: there are commands
    int event_fd                   # rung by us: there are events
    bint gro
    bint stopping
    bint backlog


cdef void run_loop(Loop* loop) noexcept nogil:
    """The thread's life: wait, apply commands, receive, tick, send, tell."""
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
    """Until the next timer; -1 = until something comes in."""
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
    for _round in range(ROUNDS):
        if loop.sockets.fds[socket] < 0:
            return                     # closed by a command of this very turn
        count = receive_fetch(&loop.receiver, loop.sockets.fds[socket])
        if count == 0:
            return
        apply_commands(loop, now_us)   # what was said before these datagrams left must hold for them
        receive_deliver(&loop.receiver, &loop.engine, socket, count, now_us)
        if count < RECEIVE_MESSAGES:
            return


cdef void apply_commands(Loop* loop, uint64_t now_us) noexcept nogil:
    """All there are, as long as the events they cause find room: Python reads those and makes some."""
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
    if index >= MAX_SOCKETS or loop.sockets.fds[index] < 0:
        return
    send_outbox(&loop.engine)
    epoll_remove(loop.epoll_fd, loop.sockets.fds[index])
    loop.sockets.fds[index] = -1
    tell_closed(&loop.engine, KIND_SOCKET, index)


cdef class MediaLoop(Commands):
    """One media thread; see loop.pyi for what each method promises."""

    cdef Loop* loop
    cdef EventReader reader

    def __cinit__(self, *, packet_slots: int = 65536, transports: int = 8192, producers: int = 8192,
                  consumers: int = 65536):
        cdef int i
        cdef uint64_t seed = int.from_bytes(secrets.token_bytes(8), "little")
        self.reader = EventReader()
        self.loop = <Loop*>calloc(1, sizeof(Loop))
        if self.loop == NULL:
            raise MemoryError("media loop")
        self.loop.epoll_fd = self.loop.command_fd = self.loop.event_fd = -1
        for i in range(MAX_SOCKETS):
            self.loop.sockets.fds[i] = -1
        if not (
            engine_init(&self.loop.engine, packet_slots, transports, producers, consumers, OUTBOX_DATAGRAMS, seed,
                        monotonic_us(), wall_us())
            and ring_init(&self.loop.commands, COMMAND_RING, sizeof(Command))
            and receiver_open(&self.loop.receiver)
            and sender_open(&self.loop.sender, &self.loop.sockets, OUTBOX_DATAGRAMS, transports)
        ):
            raise MemoryError("media loop: no memory for its tables")
        self.loop.engine.flush = send_outbox
        self.loop.engine.context = &self.loop.sender
        self.loop.epoll_fd = epoll_create1(EPOLL_CLOEXEC)
        self.loop.command_fd = eventfd_open()
        self.loop.event_fd = eventfd_open()
        if self.loop.epoll_fd < 0 or self.loop.command_fd < 0 or self.loop.event_fd < 0:
            raise OSError("media loop: no file descriptors left for epoll and eventfd")
        epoll_add(self.loop.epoll_fd, self.loop.command_fd, COMMAND_TAG)

    def __dealloc__(self):
        if self.loop == NULL:
            return
        for fd in (self.loop.epoll_fd, self.loop.command_fd, self.loop.event_fd):
            if fd >= 0:
                close(fd)
        engine_destroy(&self.loop.engine)
        ring_destroy(&self.loop.commands)
        receiver_close(&self.loop.receiver)
        sender_close(&self.loop.sender)
        free(self.loop)

    cdef int submit(self, Command* command) except -1:
        if not ring_push(&self.loop.commands, command):
            raise BlockingIOError("the media thread is behind: its command ring is full")
        # Rung for every command: a test for "was empty" without a lock would lose wake-ups.
        eventfd_ring(self.loop.command_fd)
        return 0

    @property
    def event_fd(self):
        return self.loop.event_fd

    @property
    def udp_gso(self):
        return bool(self.loop.sender.gso)

    @property
    def udp_gro(self):
        return bool(self.loop.gro)

    def run(self):
        with nogil:
            run_loop(self.loop)

    def stop(self):
        cdef Command command
        memset(&command, 0, sizeof(Command))
        command.kind = COMMAND_STOP
        self.submit(&command)

    def drain(self, limit: int = 512):
        eventfd_clear(self.loop.event_fd)
        news = self.reader.take(&self.loop.engine, limit)
        if len(news) >= limit:
            eventfd_ring(self.loop.event_fd)   # there may be more: come again, but let others run first
        return news

    def send_raw(self, socket: int, bytes data, str host, port: int, str local = ""):
        cdef Address to
        fill_address(&to, socket, host, port, local)
        if socket >= MAX_SOCKETS or self.loop.sockets.fds[socket] < 0:
            return False
        return send_one(self.loop.sockets.fds[socket], self.loop.sockets.families[socket], <const char*>data, len(data),
                        to.high, to.low, to.port, to.local_high, to.local_low)

    def counters(self):
        return read_counters(&self.loop.engine)

    def packet_slots(self):
        return read_packet_slots(&self.loop.engine)
