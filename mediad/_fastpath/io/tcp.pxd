"""TCP connections of the media loop (RFC 6544, passive): how they begin, live and end.

A connection is a path of its own. Who connected proves itself with an authentic STUN check, which Python judges; its
ADD_ADDRESS command tells the loop. SILENT_US without one ends a connection, whatever else it carries. When a connection
ends, the transport that has it as a path is told; when a transport gives up such a path, its connection ends.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from mediad._fastpath.base.ring cimport Ring
from mediad._fastpath.base.table cimport Address
from mediad._fastpath.engine.graph cimport Engine
from mediad._fastpath.engine.counts cimport Counter
from mediad._fastpath.engine.messages cimport PUNT_BYTES, Command
from mediad._fastpath.io.tcp_connections cimport Connection, Connections
from mediad._fastpath.io.tcp_queue cimport WaitingStore

cdef enum:
    SILENT_US = 15000000
    READ_BYTES = 16384             # of one connection at a turn

# A STUN or DTLS datagram that Python sends.
ctypedef struct OutgoingDatagram:
    uint32_t connection
    uint32_t length
    uint8_t bytes[PUNT_BYTES]

ctypedef struct Tcp:
    Engine* engine
    Connections connections
    WaitingStore store
    Ring outgoing                  # of OutgoingDatagram
    uint8_t* buffer                # what was read last
    int epoll_fd
    uint64_t now_us                # of this turn of the loop
    uint64_t overslept_until_us    # none is silent before that: its checks may be unread
    uint64_t accept_again_us       # there were no descriptors left; 0 = listening

cdef bint tcp_open(Tcp* tcp, Engine* engine, uint32_t connections, uint32_t most_per_host, uint64_t seed) noexcept nogil
cdef void tcp_close(Tcp* tcp) noexcept nogil
# The loop's tag of a connection; the lower half of it is 0, as of no other tag.
cdef uint64_t connection_tag(const Connection* connection) noexcept nogil
cdef void end_connection(Tcp* tcp, Connection* connection, Counter reason, bint reset) noexcept nogil

# A listener closes, and its index is used again: who has not authenticated loses the connection; guests lose theirs
# with the transport that has it as a path.
cdef void end_strangers(Tcp* tcp, uint32_t listener) noexcept nogil

# What a command means for connections: before the engine has applied it, and after.
cdef bint ends_paths(const Command* command) noexcept nogil
cdef void before_command(Tcp* tcp, const Command* command) noexcept nogil
cdef void after_command(Tcp* tcp, const Command* command, uint64_t now_us) noexcept nogil

# The time at which tcp_tick has something to do; 0 = never.
cdef uint64_t tcp_deadline(Tcp* tcp) noexcept nogil
cdef void tcp_tick(Tcp* tcp, uint64_t now_us) noexcept nogil
