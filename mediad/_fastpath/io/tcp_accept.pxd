"""Taking in new TCP connections: a few at a turn, within the limits of one host and of all."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.io.sockets cimport Sockets
from mediad._fastpath.io.tcp cimport Tcp

# From the listener at `index`.
cdef void accept_waiting(Tcp* tcp, Sockets* sockets, uint32_t index, uint64_t now_us) noexcept nogil
# The loop's tag of a listener; none of a socket or of a connection is like it.
cdef uint64_t listener_tag(uint32_t index) noexcept nogil
cdef uint32_t listener_index(uint64_t tag) noexcept nogil
# Listen again on sockets that were left alone for want of descriptors, when it is time.
cdef void accept_again(Tcp* tcp, Sockets* sockets, uint64_t now_us) noexcept nogil
