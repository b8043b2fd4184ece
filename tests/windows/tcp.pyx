"""Test window into the memory of TCP connections: what waits to be sent, and who is connected."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset
from mediad._fastpath.base.pool cimport pool_data
from mediad._fastpath.base.table cimport Address
from mediad._fastpath.door.addresses cimport fill_address
from mediad._fastpath.door.commands cimport Commands
from mediad._fastpath.door.counters cimport read_counters
from mediad._fastpath.door.event_reader cimport EventReader
from mediad._fastpath.engine.commands.apply cimport engine_apply
from mediad._fastpath.engine.graph cimport Engine, engine_destroy, engine_init
from mediad._fastpath.engine.counts cimport DROP_COUNT
from mediad._fastpath.engine.messages cimport Command
from mediad._fastpath.io cimport tcp_connections, tcp_queue
from mediad._fastpath.io.kernel cimport (
    EPOLL_CLOEXEC, close, epoll_create1, epoll_event, epoll_tag, epoll_wait_us,
)
from mediad._fastpath.io.sockets cimport LISTENER, RESTING_LISTENER, Sockets
from mediad._fastpath.io.tcp cimport (
    Tcp, after_command, before_command, ends_paths, tcp_close, tcp_deadline, tcp_open, tcp_tick,
)
from mediad._fastpath.io.tcp_accept cimport accept_again, accept_waiting, listener_index, listener_tag
from mediad._fastpath.io.tcp_kernel cimport EPOLL_CTL_ADD, EPOLLOUT, epoll_watch, is_unspecified
from mediad._fastpath.io.tcp_receive cimport stream_deliver, stream_fetch
from mediad._fastpath.io.tcp_send cimport stream_send_waiting
from mediad._fastpath.wire.framing cimport (
    FRAME_HEADER_BYTES, FRAME_PARTIAL, FRAME_READY, FRAME_TOO_LONG, MAX_FRAME_BYTES, FrameReader, Framing, frame_next,
    frames_keep, frames_resume,
)
from mediad._fastpath.io.udp_send cimport Sender, send_outbox, sender_close, sender_open

from mediad._fastpath.engine.counts import Drop

LONGEST_FRAME = MAX_FRAME_BYTES
CONTROL_BYTES = tcp_queue.CONTROL_BYTES
DATA_BYTES = tcp_queue.DATA_BYTES
MEDIA_BYTES = tcp_queue.MEDIA_BYTES
MEDIA_WAIT_US = tcp_queue.MEDIA_WAIT_US
MOST_SLOTS = tcp_queue.MOST_SLOTS


cdef class Frames:
    """The stream of one connection, cut anywhere."""

    cdef FrameReader reader

    def __cinit__(self):
        memset(&self.reader, 0, sizeof(FrameReader))

    def feed(self, bytes data):
        """Return the packets that are whole now, and why the stream must end: "", "too long" or "unknown"."""
        cdef uint32_t length = self.reader.kept + <uint32_t>len(data)
        cdef uint8_t* buffer = <uint8_t*>malloc(length)    # of just that size: sanitizers tell what is read beyond
        cdef uint8_t* at = buffer
        cdef uint32_t kept, size = 0
        cdef Framing framing
        if buffer == NULL:
            raise MemoryError
        packets = []
        try:
            kept = frames_resume(&self.reader, buffer)
            memcpy(buffer + kept, <const uint8_t*>data, len(data))
            while True:
                framing = frame_next(at, length, &size)
                if framing != FRAME_READY:
                    break
                packets.append(<bytes>at[FRAME_HEADER_BYTES:FRAME_HEADER_BYTES + size])
                at += FRAME_HEADER_BYTES + size
                length -= FRAME_HEADER_BYTES + size
            if framing == FRAME_PARTIAL:
                frames_keep(&self.reader, at, length)
                return packets, ""
            return packets, "too long" if framing == FRAME_TOO_LONG else "unknown"
        finally:
            free(buffer)

    @property
    def kept(self):
        return self.reader.kept


cdef class Store:
    """The memory that all queues share."""

    cdef tcp_queue.WaitingStore store
    cdef uint64_t drops[DROP_COUNT]

    def __cinit__(self, uint32_t slots=4096):
        memset(self.drops, 0, sizeof(self.drops))
        if not tcp_queue.store_open(&self.store, self.drops, slots):
            raise MemoryError

    def __dealloc__(self):
        tcp_queue.store_close(&self.store)

    @property
    def free(self):
        return self.store.pool.free_count

    @property
    def dropped(self):
        """Return the drops so far, by reason."""
        cdef int i
        counts = {}
        for i in range(DROP_COUNT):
            if self.drops[i]:
                counts[Drop(i).name.removeprefix("DROP_").lower()] = self.drops[i]
        return counts


cdef class Queue:
    """One connection's queue; `sent` is the stream that the kernel took."""

    cdef tcp_queue.SendQueue queue
    cdef Store store
    cdef readonly bytes sent

    def __init__(self, Store store):
        self.store = store
        self.sent = b""
        tcp_queue.queue_init(&self.queue)

    def put(self, bytes data, now_us: int = 0, done: int = 0):
        return bool(tcp_queue.queue_put(&self.store.store, &self.queue, data, <uint32_t>len(data), done, now_us))

    def send(self, room: int, now_us: int = 0, limit: int = 64):
        """Let the kernel take so many bytes of at most `limit` packets."""
        cdef uint32_t slots[64]
        cdef uint32_t count = tcp_queue.queue_next(&self.store.store, &self.queue, slots, limit, now_us)
        cdef bytes stream = b"".join([framed(&self.store.store, slots[i]) for i in range(count)])
        if count and slots[0] == self.queue.leaving:
            stream = stream[self.queue.leaving_done:]
        self.sent += stream[:room]
        tcp_queue.queue_sent(&self.store.store, &self.queue, slots, count, min(room, len(stream)))
        return count

    def clear(self):
        tcp_queue.queue_clear(&self.store.store, &self.queue)

    @property
    def waiting_bytes(self):
        return tcp_queue.queue_bytes(&self.store.store, &self.queue)

    @property
    def empty(self):
        return bool(tcp_queue.queue_is_empty(&self.queue))

    @property
    def held(self):
        return self.queue.held


cdef bytes framed(tcp_queue.WaitingStore* store, uint32_t slot):
    cdef uint32_t length = store.packets[slot].length
    return length.to_bytes(2, "big") + <bytes>pool_data(&store.pool, slot)[:length]


cdef class Connections:
    """The slots of connections, without sockets."""

    cdef tcp_connections.Connections all

    def __cinit__(self, uint32_t capacity=8, uint32_t most_per_host=4):
        if not tcp_connections.connections_init(&self.all, capacity, most_per_host, 7):
            raise MemoryError

    def __dealloc__(self):
        tcp_connections.connections_destroy(&self.all)

    def enter(self, str host, port: int = 1, now_us: int = 0):
        """Return the number of a new connection."""
        cdef Address address
        fill_address(&address, 0, host, port, "")
        return tcp_connections.connection_enter(&self.all, -1, &address, now_us).number

    def is_full(self, str host):
        cdef Address address
        fill_address(&address, 0, host, 1, "")
        return bool(tcp_connections.host_is_full(&self.all, &address))

    def knows(self, number: int):
        return tcp_connections.connection_of(&self.all, number) != NULL

    def leave(self, number: int):
        tcp_connections.connection_leave(&self.all, tcp_connections.connection_of(&self.all, number))

    def checked(self, number: int, now_us: int):
        tcp_connections.connection_checked(
            &self.all, tcp_connections.connection_of(&self.all, number), now_us)

    @property
    def free(self):
        return self.all.free_count

    @property
    def strangers(self):
        return numbers(&self.all, &self.all.strangers)

    @property
    def guests(self):
        return numbers(&self.all, &self.all.guests)


cdef list numbers(tcp_connections.Connections* all, const tcp_connections.AgeList* ages):
    """Return the numbers in one list, the oldest first, and compare both directions."""
    cdef tcp_connections.Connection* connection = tcp_connections.oldest_of(all, ages)
    cdef uint32_t before = tcp_connections.NO_CONNECTION
    found = []
    while connection != NULL:
        assert connection.older == before
        before = <uint32_t>(connection - all.slots)
        found.append(connection.number)
        connection = NULL if connection.newer == tcp_connections.NO_CONNECTION else &all.slots[connection.newer]
    assert ages.newest == before
    return found


cdef class TcpWindow(Commands):
    """The loop's TCP with real sockets, but without its thread: every step is a call, with the time as an argument."""

    cdef Engine engine
    cdef Tcp tcp
    cdef Sockets sockets
    cdef Sender sender
    cdef EventReader reader
    cdef uint64_t now_us
    cdef readonly int epoll_fd

    def __cinit__(self, *, connections: int = 8, most_per_host: int = 8):
        self.reader = EventReader()
        self.now_us = 1_000_000
        self.epoll_fd = epoll_create1(EPOLL_CLOEXEC)
        if not (
            engine_init(&self.engine, 256, 16, 16, 16, 128, 1, self.now_us, self.now_us)
            and sender_open(&self.sender, &self.sockets, &self.tcp, 128, 16)
            and tcp_open(&self.tcp, &self.engine, connections, most_per_host, 1)
        ):
            raise MemoryError
        self.tcp.epoll_fd = self.epoll_fd
        self.engine.flush = send_outbox
        self.engine.context = &self.sender
        memset(self.sockets.fds, 0xFF, sizeof(self.sockets.fds))

    def __dealloc__(self):
        tcp_close(&self.tcp)
        sender_close(&self.sender)
        engine_destroy(&self.engine)
        close(self.epoll_fd)

    cdef int submit(self, Command* command) except -1:
        if ends_paths(command):
            before_command(&self.tcp, command)
        engine_apply(&self.engine, command, self.now_us)
        after_command(&self.tcp, command, self.now_us)
        return 0

    def at(self, now_us: int):
        """Set the time of all that follows."""
        self.now_us = self.tcp.now_us = now_us

    def listen(self, fd: int):
        self.sockets.fds[0] = fd
        self.sockets.kinds[0] = LISTENER
        self.sockets.unspecified[0] = is_unspecified(fd)
        epoll_watch(self.epoll_fd, EPOLL_CTL_ADD, fd, False, listener_tag(0))

    @property
    def rests(self):
        """True while the listener is left alone."""
        return self.sockets.kinds[0] == RESTING_LISTENER

    def step(self):
        """Do what epoll tells now."""
        cdef epoll_event ready[64]
        cdef uint64_t tag
        cdef uint32_t length
        cdef int i
        for i in range(epoll_wait_us(self.epoll_fd, ready, 64, 0)):
            tag = epoll_tag(&ready[i])
            if tag >> 32 == 0:
                accept_waiting(&self.tcp, &self.sockets, listener_index(tag), self.now_us)
                continue
            if ready[i].events & EPOLLOUT:
                stream_send_waiting(&self.tcp, <uint32_t>(tag >> 32))
            length = stream_fetch(&self.tcp, <uint32_t>(tag >> 32))
            if length:
                stream_deliver(&self.tcp, <uint32_t>(tag >> 32), length, self.now_us)
        send_outbox(&self.engine)

    def tick(self):
        tcp_tick(&self.tcp, self.now_us)
        accept_again(&self.tcp, &self.sockets, self.now_us)

    def deadline(self):
        return tcp_deadline(&self.tcp)

    def events(self):
        return self.reader.take(&self.engine, 4096)

    @property
    def open(self):
        """Count the open connections."""
        return self.tcp.connections.capacity - self.tcp.connections.free_count

    def waiting(self, socket: int):
        """Count the bytes that wait to be sent to a connection."""
        cdef uint32_t number = socket >> 16
        cdef tcp_connections.Connection* connection = tcp_connections.connection_of(&self.tcp.connections, number)
        return tcp_queue.queue_bytes(&self.tcp.store, &connection.queue)

    def counted(self):
        """Return the counters and drops that are not 0."""
        return {name: count for name, count in read_counters(&self.engine).items() if count}
