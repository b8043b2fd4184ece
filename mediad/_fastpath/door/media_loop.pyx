"""MediaLoop, the media thread as Python uses it: commands go into one ring, events come out of others.

`run` lends its thread to the loop, which gives the GIL back before the first packet and never asks for it again.
"""

import secrets

from libc.stdint cimport uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset
from mediad._fastpath.base.table cimport Address
from mediad._fastpath.door.addresses cimport fill_address
from mediad._fastpath.door.commands cimport Commands
from mediad._fastpath.door.counters cimport read_counters, read_packet_slots
from mediad._fastpath.door.event_reader cimport EventReader
from mediad._fastpath.engine.messages cimport COMMAND_STOP, Command
from mediad._fastpath.engine.messages cimport (
    MAX_ADDRESSES as _MAX_ADDRESSES, MAX_ENCODINGS as _MAX_ENCODINGS, MAX_USERNAMES as _MAX_USERNAMES,
)
from mediad._fastpath.engine.own_sockets cimport MAX_NETWORKS as _MAX_NETWORKS
from mediad._fastpath.io.kernel cimport eventfd_clear, eventfd_ring
from mediad._fastpath.io.sockets cimport MAX_SOCKETS as _MAX_SOCKETS
from mediad._fastpath.io.loop cimport (
    LOOP_NO_DESCRIPTORS, LOOP_NO_MEMORY, SENT, SENT_LATER, Loop, Opened, Sent, loop_close, loop_open, loop_run,
    loop_send, loop_submit,
)

from mediad._fastpath.engine.messages import Kind
from mediad._fastpath.wire.payload import Codec
from mediad._fastpath.wire.rtp import ExtensionKind
from mediad._fastpath.wire.srtp import session_pointer

__all__ = [
    "MAX_ADDRESSES", "MAX_ENCODINGS", "MAX_NETWORKS", "MAX_SOCKETS", "MAX_USERNAMES", "Codec", "ExtensionKind", "Kind",
    "MediaLoop", "session_pointer",
]

MAX_ENCODINGS = _MAX_ENCODINGS
MAX_USERNAMES = _MAX_USERNAMES
MAX_ADDRESSES = _MAX_ADDRESSES
MAX_SOCKETS = _MAX_SOCKETS
MAX_NETWORKS = _MAX_NETWORKS


cdef class MediaLoop(Commands):
    """One media thread; its methods are described in media_loop.pyi."""

    cdef Loop* loop
    cdef EventReader reader

    def __cinit__(self, *, packet_slots: int = 65536, transports: int = 8192, producers: int = 8192,
                  consumers: int = 65536, tcp_connections: int = 8192, tcp_connections_per_host: int = 8192):
        cdef uint64_t seed = int.from_bytes(secrets.token_bytes(8), "little")
        cdef Opened opened
        self.reader = EventReader()
        self.loop = <Loop*>calloc(1, sizeof(Loop))
        if self.loop == NULL:
            raise MemoryError("media loop")
        opened = loop_open(self.loop, packet_slots, transports, producers, consumers, tcp_connections,
                           tcp_connections_per_host, seed)
        if opened == LOOP_NO_MEMORY:
            raise MemoryError("media loop: no memory for its tables")
        if opened == LOOP_NO_DESCRIPTORS:
            raise OSError("media loop: no file descriptors left for epoll and eventfd")

    def __dealloc__(self):
        if self.loop != NULL:
            loop_close(self.loop)
            free(self.loop)

    cdef int submit(self, Command* command) except -1:
        if not loop_submit(self.loop, command):
            raise BlockingIOError("the media thread is behind: its command ring is full")
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
            loop_run(self.loop)

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
        cdef Sent sent
        fill_address(&to, socket, host, port, local)
        sent = loop_send(self.loop, &to, <const char*>data, len(data))
        if sent == SENT_LATER:
            raise BlockingIOError("the media thread is behind: its ring of datagrams for TCP is full")
        return sent == SENT

    def counters(self):
        return read_counters(&self.loop.engine)

    def packet_slots(self):
        return read_packet_slots(&self.loop.engine)
