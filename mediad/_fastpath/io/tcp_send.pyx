"""Sending over TCP connections without ever waiting for one.

Nothing is copied while a peer keeps up: the outbox's own bytes go to the kernel, each behind its frame's header. What
the kernel does not take is copied into the connection's queue.
"""

from libc.errno cimport ENOBUFS, ENOMEM, errno
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from mediad._fastpath.base.octets cimport store16
from mediad._fastpath.base.pool cimport pool_data
from mediad._fastpath.base.ring cimport ring_pop_slot, ring_release
from mediad._fastpath.engine.graph cimport Engine
from mediad._fastpath.engine.counts cimport COUNT_DATAGRAMS_SENT, COUNT_TCP_SENDS, DROP_SEND_FAILED, DROP_TCP_GONE
from mediad._fastpath.engine.outbox cimport NO_DATAGRAM, outbox_data
from mediad._fastpath.io.kernel cimport EAGAIN, EINTR, iovec
from mediad._fastpath.io.tcp cimport OutgoingDatagram, connection_tag
from mediad._fastpath.io.tcp_connections cimport Connection, connection_of
from mediad._fastpath.io.tcp_kernel cimport EPOLL_CTL_MOD, end_stream, epoll_watch, stream_send
from mediad._fastpath.io.tcp_queue cimport queue_clear, queue_is_empty, queue_next, queue_put, queue_sent
from mediad._fastpath.wire.framing cimport FRAME_HEADER_BYTES

cdef enum:
    BATCH = 64                     # packets in one system call
    BATCHES = 4                    # for one connection at a turn


cdef struct Batch:                 # packets on their way to the kernel, each behind its header
    uint32_t count
    uint64_t bytes
    uint32_t lengths[BATCH]
    const uint8_t* packets[BATCH]
    uint8_t headers[2 * BATCH]
    iovec pieces[2 * BATCH]


cdef void batch_add(Batch* batch, const uint8_t* packet, uint32_t length) noexcept nogil:
    cdef uint32_t i = batch.count
    store16(&batch.headers[2 * i], length)
    batch.packets[i] = packet
    batch.lengths[i] = length
    batch.pieces[2 * i].iov_base = &batch.headers[2 * i]
    batch.pieces[2 * i].iov_len = FRAME_HEADER_BYTES
    batch.pieces[2 * i + 1].iov_base = <void*>packet
    batch.pieces[2 * i + 1].iov_len = length
    batch.bytes += FRAME_HEADER_BYTES + length
    batch.count += 1


cdef void batch_skip(Batch* batch, uint32_t done) noexcept nogil:
    """Leave out what of the first frame has left already."""
    cdef uint32_t header = done if done < FRAME_HEADER_BYTES else FRAME_HEADER_BYTES
    batch.pieces[0].iov_base = <uint8_t*>batch.pieces[0].iov_base + header
    batch.pieces[0].iov_len -= header
    batch.pieces[1].iov_base = <uint8_t*>batch.pieces[1].iov_base + (done - header)
    batch.pieces[1].iov_len -= done - header
    batch.bytes -= done


cdef uint64_t batch_send(Tcp* tcp, Connection* connection, Batch* batch) noexcept nogil:
    """Return how many bytes the kernel took. When that is not all, the connection is blocked or broken."""
    cdef ssize_t took
    cdef int failure
    while True:
        took = stream_send(connection.fd, batch.pieces, 2 * batch.count)
        tcp.engine.counts[<int>COUNT_TCP_SENDS] += 1
        if took >= 0:
            if <uint64_t>took < batch.bytes:
                block(tcp, connection)
            return <uint64_t>took
        failure = errno
        if failure == EINTR:
            continue
        if failure == EAGAIN or failure == ENOBUFS or failure == ENOMEM:
            block(tcp, connection)
        else:
            break_off(tcp, connection)
        return 0


cdef void block(Tcp* tcp, Connection* connection) noexcept nogil:
    if not connection.is_blocked:
        connection.is_blocked = True
        epoll_watch(tcp.epoll_fd, EPOLL_CTL_MOD, connection.fd, True, connection_tag(connection))


cdef void unblock(Tcp* tcp, Connection* connection) noexcept nogil:
    if connection.is_blocked:
        connection.is_blocked = False
        epoll_watch(tcp.epoll_fd, EPOLL_CTL_MOD, connection.fd, False, connection_tag(connection))


cdef void break_off(Tcp* tcp, Connection* connection) noexcept nogil:
    """Send nothing more. Its end is noticed by the next reading: whoever calls here still uses it."""
    connection.is_broken = True
    queue_clear(&tcp.store, &connection.queue)
    unblock(tcp, connection)
    end_stream(connection.fd)


cdef void put(Tcp* tcp, Connection* connection, const uint8_t* packet, uint32_t length, uint32_t done) noexcept nogil:
    if connection.is_broken:
        tcp.engine.drops[<int>DROP_SEND_FAILED] += 1
    elif not queue_put(&tcp.store, &connection.queue, packet, length, done, tcp.now_us):
        break_off(tcp, connection)


cdef void send_or_put(Tcp* tcp, Connection* connection, Batch* batch) noexcept nogil:
    """Send a batch that nothing waits before, and put what is left of it into the queue."""
    cdef uint64_t took = batch_send(tcp, connection, batch)
    cdef uint32_t i, size, done
    for i in range(batch.count):
        size = FRAME_HEADER_BYTES + batch.lengths[i]
        done = size if took >= size else <uint32_t>took
        took -= done
        tcp.engine.counts[<int>COUNT_DATAGRAMS_SENT] += done == size
        if done < size:
            put(tcp, connection, batch.packets[i], batch.lengths[i], done)
    batch.count = 0
    batch.bytes = 0


cdef void stream_send_transport(Tcp* tcp, const Transport* transport) noexcept nogil:
    cdef Engine* engine = tcp.engine
    cdef Connection* connection = connection_of(&tcp.connections, transport.selected.connection)
    cdef uint32_t index = transport.outbox_head
    cdef Batch batch
    batch.count = 0
    batch.bytes = 0
    while index != NO_DATAGRAM:
        if connection == NULL:
            engine.drops[<int>DROP_TCP_GONE] += 1
        elif queue_is_empty(&connection.queue) and not connection.is_blocked:
            batch_add(&batch, outbox_data(&engine.outbox, index), engine.outbox.datagrams[index].length)
            if batch.count == BATCH:
                send_or_put(tcp, connection, &batch)
        else:
            put(tcp, connection, outbox_data(&engine.outbox, index), engine.outbox.datagrams[index].length, 0)
        index = engine.outbox.datagrams[index].next
    if batch.count:
        send_or_put(tcp, connection, &batch)


cdef void stream_send_outgoing(Tcp* tcp) noexcept nogil:
    cdef const OutgoingDatagram* given
    cdef Connection* connection
    cdef Batch batch
    while True:
        given = <const OutgoingDatagram*>ring_pop_slot(&tcp.outgoing)
        if given == NULL:
            return
        connection = connection_of(&tcp.connections, given.connection)
        if connection == NULL:
            tcp.engine.drops[<int>DROP_TCP_GONE] += 1
        elif queue_is_empty(&connection.queue) and not connection.is_blocked:
            batch.count = 0
            batch.bytes = 0
            batch_add(&batch, given.bytes, given.length)
            send_or_put(tcp, connection, &batch)
        else:
            put(tcp, connection, given.bytes, given.length, 0)
        ring_release(&tcp.outgoing)


cdef void stream_send_waiting(Tcp* tcp, uint32_t number) noexcept nogil:
    cdef Connection* connection = connection_of(&tcp.connections, number)
    cdef uint32_t slots[BATCH]
    cdef Batch batch
    cdef uint32_t count
    cdef int _
    if connection == NULL:
        return
    for _ in range(BATCHES):
        count = queue_next(&tcp.store, &connection.queue, slots, BATCH, tcp.now_us)
        if count == 0:
            unblock(tcp, connection)
            return
        if not send_queued(tcp, connection, &batch, slots, count):
            return


cdef bint send_queued(Tcp* tcp, Connection* connection, Batch* batch, const uint32_t* slots,
                      uint32_t count) noexcept nogil:
    """Send these packets of the queue. False: the kernel did not take all."""
    cdef uint32_t i, before = connection.queue.held
    cdef uint64_t bytes, took
    batch.count = 0
    batch.bytes = 0
    for i in range(count):
        batch_add(batch, pool_data(&tcp.store.pool, slots[i]), tcp.store.packets[slots[i]].length)
    if slots[0] == connection.queue.leaving:
        batch_skip(batch, connection.queue.leaving_done)
    bytes = batch.bytes
    took = batch_send(tcp, connection, batch)
    if connection.is_broken:
        return False
    queue_sent(&tcp.store, &connection.queue, slots, count, took)
    tcp.engine.counts[<int>COUNT_DATAGRAMS_SENT] += before - connection.queue.held
    return took == bytes
