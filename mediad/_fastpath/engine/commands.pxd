"""The Python side of commands and events: checks, fills fixed-size records, reads them back as tuples."""

from mediad._fastpath.base.table cimport Address
from mediad._fastpath.engine.graph cimport Engine
from mediad._fastpath.engine.messages cimport Command


cdef class Commands:
    cdef dict partial_stats            # request id → records so far

    # Hands one filled command on; raises BlockingIOError when there is no room.
    cdef int submit(self, Command* command) except -1
    cdef list take_news(self, Engine* engine, int limit)


cdef int fill_address(Address* address, int socket, str host, int port) except -1
cdef tuple read_address(const Address* address)
