"""Accepting, and refusing with a reset, which leaves nothing in the kernel.

Without descriptors the connections stay in the kernel's queue, and epoll would tell of them without end: the listener
is left alone for a while.
"""

from libc.errno cimport EMFILE, ENFILE, ENOBUFS, ENOMEM, errno
from libc.stdint cimport uint16_t, uint32_t, uint64_t
from libc.string cimport memset
from mediad._fastpath.base.table cimport Address
from mediad._fastpath.engine.counts cimport (
    COUNT_TCP_ACCEPTED, COUNT_TCP_CLOSED_CROWDED_OUT, COUNT_TCP_REFUSED_ADDRESS, COUNT_TCP_REFUSED_DESCRIPTORS,
    COUNT_TCP_REFUSED_FULL, Counter,
)
from mediad._fastpath.io.kernel cimport EAGAIN, address_read, close, epoll_remove, sockaddr_storage
from mediad._fastpath.io.sockets cimport LISTENER, MAX_SOCKETS, RESTING_LISTENER
from mediad._fastpath.io.tcp cimport connection_tag, end_connection
from mediad._fastpath.io.tcp_connections cimport (
    Connection, connection_enter, connection_leave, host_is_full, oldest_of,
)
from mediad._fastpath.io.tcp_kernel cimport (
    EPOLL_CTL_ADD, epoll_watch, local_name, reset_on_close, stream_accept, tune_connection,
)

cdef enum:
    ACCEPTS = 16                   # at a turn, before packets get theirs
    REST_US = 1000000
    LISTENER_FLAG = 0x40000000


cdef uint64_t listener_tag(uint32_t index) noexcept nogil:
    return LISTENER_FLAG | index


cdef uint32_t listener_index(uint64_t tag) noexcept nogil:
    return <uint32_t>tag & ~<uint32_t>LISTENER_FLAG


cdef void accept_waiting(Tcp* tcp, Sockets* sockets, uint32_t index, uint64_t now_us) noexcept nogil:
    cdef sockaddr_storage name
    cdef int fd, _
    for _ in range(ACCEPTS):
        fd = stream_accept(sockets.fds[index], &name)
        if fd >= 0:
            take_in(tcp, sockets, index, fd, &name, now_us)
        elif errno == EMFILE or errno == ENFILE or errno == ENOBUFS or errno == ENOMEM:
            tcp.engine.counts[<int>COUNT_TCP_REFUSED_DESCRIPTORS] += 1
            rest(tcp, sockets, index, now_us)
            return
        elif errno == EAGAIN:
            return
        # Else the one at the head of the queue has gone (ECONNABORTED and its like): the next one.


cdef void take_in(Tcp* tcp, Sockets* sockets, uint32_t index, int fd, const sockaddr_storage* name,
                  uint64_t now_us) noexcept nogil:
    cdef Address address
    cdef Connection* connection
    memset(&address, 0, sizeof(Address))
    if not address_read(name, &address.high, &address.low, &address.port):
        close(fd)
        return
    address.socket = <uint16_t>index
    if sockets.unspecified[index]:
        local_name(fd, &address.local_high, &address.local_low)
    if host_is_full(&tcp.connections, &address):
        refuse(tcp, fd, COUNT_TCP_REFUSED_ADDRESS)
        return
    if not make_room(tcp):
        refuse(tcp, fd, COUNT_TCP_REFUSED_FULL)
        return
    tune_connection(fd)
    connection = connection_enter(&tcp.connections, fd, &address, now_us)
    if epoll_watch(tcp.epoll_fd, EPOLL_CTL_ADD, fd, False, connection_tag(connection)) != 0:
        connection_leave(&tcp.connections, connection)
        refuse(tcp, fd, COUNT_TCP_REFUSED_DESCRIPTORS)
        return
    tcp.engine.counts[<int>COUNT_TCP_ACCEPTED] += 1


cdef bint make_room(Tcp* tcp) noexcept nogil:
    """Make sure of a free slot: the oldest stranger leaves its own when there is no other. False: all are guests."""
    cdef Connection* stranger
    if tcp.connections.free_count > 0:
        return True
    stranger = oldest_of(&tcp.connections, &tcp.connections.strangers)
    if stranger == NULL:
        return False
    end_connection(tcp, stranger, COUNT_TCP_CLOSED_CROWDED_OUT, True)
    return True


cdef void refuse(Tcp* tcp, int fd, Counter reason) noexcept nogil:
    tcp.engine.counts[<int>reason] += 1
    reset_on_close(fd)
    close(fd)


cdef void rest(Tcp* tcp, Sockets* sockets, uint32_t index, uint64_t now_us) noexcept nogil:
    epoll_remove(tcp.epoll_fd, sockets.fds[index])
    sockets.kinds[index] = RESTING_LISTENER
    tcp.accept_again_us = now_us + REST_US


cdef void accept_again(Tcp* tcp, Sockets* sockets, uint64_t now_us) noexcept nogil:
    cdef uint32_t index
    if tcp.accept_again_us == 0 or now_us < tcp.accept_again_us:
        return
    tcp.accept_again_us = 0
    for index in range(MAX_SOCKETS):
        if sockets.fds[index] >= 0 and sockets.kinds[index] == RESTING_LISTENER:
            sockets.kinds[index] = LISTENER
            epoll_watch(tcp.epoll_fd, EPOLL_CTL_ADD, sockets.fds[index], False, listener_tag(index))
