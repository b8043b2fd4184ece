"""The Python side of commands and events: checks, fills fixed-size records, reads them back as tuples."""

from libc.stdint cimport uint32_t
from mediad._fastpath.base.table cimport Address
from mediad._fastpath.engine.graph cimport Engine
from mediad._fastpath.engine.messages cimport Command, CommandKind, Event


cdef class Commands:
    cdef dict partial_stats            # request id → records so far

    # Hands one filled command on; raises BlockingIOError when there is no room.
    cdef int submit(self, Command* command) except -1
    cdef int simple(self, CommandKind kind, object handle, uint32_t flag) except -1
    cdef int about_socket(self, CommandKind kind, object index, int fd) except -1
    cdef int about_address(self, CommandKind kind, object handle, int socket, str host, int port,
                           str local) except -1
    cdef int about_username(self, CommandKind kind, object handle, bytes username_fragment) except -1
    cdef list take_news(self, Engine* engine, int limit)
    cdef object read_event(self, const Event* event)
    cdef object read_stats(self, const Event* event)


# local: the address of ours that the peer reaches; "" = the socket has only one.
cdef int fill_address(Address* address, int socket, str host, int port, str local) except -1
cdef tuple read_address(const Address* address)
cdef str read_local_address(const Address* address)
cdef dict read_counters(const Engine* engine)
cdef dict read_packet_slots(const Engine* engine)
