"""Sending over TCP connections: at once what the kernel takes, the rest when it takes more (by tcp_queue's rule)."""

from libc.stdint cimport uint32_t
from mediad._fastpath.engine.graph cimport Transport
from mediad._fastpath.io.tcp cimport Tcp

# All that waits in the outbox for a transport whose path is a TCP connection.
cdef void stream_send_transport(Tcp* tcp, const Transport* transport) noexcept nogil
# What Python gave to be sent.
cdef void stream_send_outgoing(Tcp* tcp) noexcept nogil
# The kernel takes more.
cdef void stream_send_waiting(Tcp* tcp, uint32_t number) noexcept nogil
