"""Reading from TCP connections: what came in one call, cut into packets and given to the engine."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.io.tcp cimport Tcp

# Reads once from a connection, behind what was kept of a frame; the bytes there are now in the buffer. 0: nothing is
# there; also when the connection has ended by it.
cdef uint32_t stream_fetch(Tcp* tcp, uint32_t number) noexcept nogil
# Gives what was fetched to the engine. The connection may have ended since.
cdef void stream_deliver(Tcp* tcp, uint32_t number, uint32_t length, uint64_t now_us) noexcept nogil
