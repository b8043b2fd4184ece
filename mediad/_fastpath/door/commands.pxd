"""Commands that Python may give, one fixed-size record for each."""

from libc.stdint cimport uint32_t
from mediad._fastpath.engine.messages cimport Command, CommandKind


cdef class Commands:
    # Hands one filled command on; raises BlockingIOError when there is no room.
    cdef int submit(self, Command* command) except -1
    cdef int simple(self, CommandKind kind, object handle, uint32_t flag) except -1
    cdef int about_socket(self, CommandKind kind, object index, int fd) except -1
    cdef int about_address(self, CommandKind kind, object handle, object socket, str host, int port,
                           str local) except -1
    cdef int about_username(self, CommandKind kind, object handle, bytes username_fragment, bytes password) except -1
    cdef int about_bitrate(self, CommandKind kind, object handle, object bitrate_bps) except -1
