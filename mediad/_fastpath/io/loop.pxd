"""Media thread: sockets, epoll and rings around the engine. Feed, drain, send, sleep until the next deadline."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.base.ring cimport Ring
from mediad._fastpath.base.table cimport Address
from mediad._fastpath.engine.graph cimport Engine
from mediad._fastpath.engine.messages cimport Command
from mediad._fastpath.io.udp_receive cimport Receiver
from mediad._fastpath.io.sockets cimport Sockets
from mediad._fastpath.io.tcp cimport Tcp
from mediad._fastpath.io.udp_send cimport Sender

ctypedef struct Loop:
    Engine engine
    Ring commands
    Sockets sockets
    Receiver receiver
    Sender sender
    Tcp tcp
    int epoll_fd
    int command_fd                 # rung by Python: there are commands
    int event_fd                   # rung by us: there are events
    bint gro
    bint stopping
    bint backlog

# The resource that loop_open could not get.
cdef enum Opened:
    LOOP_OPEN = 0
    LOOP_NO_MEMORY = 1
    LOOP_NO_DESCRIPTORS = 2

cdef enum Sent:
    SENT = 0
    SENT_NOT = 1                   # no such socket, or the kernel refused; or longer than any datagram of ours
    SENT_LATER = 2                 # the ring to the thread is full

# Memory and descriptors, whichever can be had. `loop` is zeros; loop_close gives back what it had, in any case.
cdef Opened loop_open(Loop* loop, uint32_t packet_slots, uint32_t transports, uint32_t producers, uint32_t consumers,
                      uint32_t tcp_connections, uint32_t tcp_most_per_host, uint64_t seed) noexcept nogil
cdef void loop_close(Loop* loop) noexcept nogil
# The body of the thread, until a STOP command.
cdef void loop_run(Loop* loop) noexcept nogil
# From any thread but the loop's, one at a time. False: the ring is full.
cdef bint loop_submit(Loop* loop, const Command* command) noexcept nogil
# A datagram straight to the kernel, or, to a TCP connection, by way of the loop's thread.
cdef Sent loop_send(Loop* loop, const Address* to, const char* data, size_t length) noexcept nogil
