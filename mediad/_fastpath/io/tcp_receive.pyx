"""Reading from TCP connections: once a turn for each, so that none holds up the others or the UDP sockets."""

from libc.errno cimport ECONNRESET, errno
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from mediad._fastpath.engine.counts cimport (
    COUNT_TCP_CLOSED_BY_PEER, COUNT_TCP_CLOSED_FAILED, COUNT_TCP_CLOSED_FRAME_TOO_LONG, COUNT_TCP_CLOSED_TOO_EARLY,
    COUNT_TCP_CLOSED_UNKNOWN_PROTOCOL,
)
from mediad._fastpath.io.kernel cimport EAGAIN, EINTR
from mediad._fastpath.io.tcp cimport READ_BYTES, end_connection
from mediad._fastpath.io.tcp_connections cimport Connection, connection_of
from mediad._fastpath.io.tcp_kernel cimport stream_receive
from mediad._fastpath.io.udp_receive cimport take_datagram
from mediad._fastpath.wire.framing cimport (
    FRAME_HEADER_BYTES, FRAME_PARTIAL, FRAME_READY, FRAME_TOO_LONG, Framing, frame_next, frames_keep, frames_resume,
)

cdef enum:
    # Before its first authentic check: a browser sends some 130 bytes every 50 ms at most, and has SILENT_US.
    EARLY_BYTES = 65536


cdef uint32_t stream_fetch(Tcp* tcp, uint32_t number) noexcept nogil:
    cdef Connection* connection = connection_of(&tcp.connections, number)
    cdef uint32_t kept
    cdef ssize_t came
    if connection == NULL:
        return 0                       # closed in this very turn
    kept = frames_resume(&connection.reader, tcp.buffer)
    came = stream_receive(connection.fd, tcp.buffer + kept, READ_BYTES)
    if came > 0:
        if not connection.is_guest:
            connection.early_bytes += <uint32_t>came
        return kept + <uint32_t>came
    if came < 0 and (errno == EAGAIN or errno == EINTR):
        frames_keep(&connection.reader, tcp.buffer, kept)
    elif connection.is_broken or (came < 0 and errno != ECONNRESET):
        end_connection(tcp, connection, COUNT_TCP_CLOSED_FAILED, True)
    else:
        end_connection(tcp, connection, COUNT_TCP_CLOSED_BY_PEER, True)
    return 0


cdef void stream_deliver(Tcp* tcp, uint32_t number, uint32_t length, uint64_t now_us) noexcept nogil:
    cdef Connection* connection = connection_of(&tcp.connections, number)
    cdef const uint8_t* data = tcp.buffer
    cdef uint32_t size = 0
    cdef Framing framing
    if connection == NULL:
        return
    if not connection.is_guest and connection.early_bytes > EARLY_BYTES:
        end_connection(tcp, connection, COUNT_TCP_CLOSED_TOO_EARLY, True)
        return
    while True:
        framing = frame_next(data, length, &size)
        if framing != FRAME_READY:
            break
        if size > 0:                   # 0 is a null packet: RFC 4571 section 2
            take_datagram(tcp.engine, data + FRAME_HEADER_BYTES, size, &connection.address, now_us)
        data += FRAME_HEADER_BYTES + size
        length -= FRAME_HEADER_BYTES + size
    if framing == FRAME_PARTIAL:
        frames_keep(&connection.reader, data, length)
    else:
        end_connection(tcp, connection, COUNT_TCP_CLOSED_FRAME_TOO_LONG if framing == FRAME_TOO_LONG
                       else COUNT_TCP_CLOSED_UNKNOWN_PROTOCOL, True)
