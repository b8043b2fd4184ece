"""Sending from the outbox: runs of equal datagrams for one destination as one GSO message, many messages a call.

Transports whose path is a TCP connection are handed to tcp_send.

The kernel cuts a GSO message into datagrams of one size, the last may be shorter, so a run ends where a datagram is
longer than the first, or behind one that is shorter. Nothing waits to make a run longer: under load receive batches
grow, and runs with them.

The route decides if GSO works: a tunnel or a device without checksums may refuse it where others take it.
So a destination that is refused, and then takes the same datagrams one by one, gets them so from then on; all do once
several were refused and none was served in between.
"""

from libc.errno cimport EINVAL, EIO, EMSGSIZE, ENOPROTOOPT, EOPNOTSUPP, errno
from libc.stdint cimport uint16_t, uint32_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset
from mediad._fastpath.io.kernel cimport (
    EINTR, GSO_BYTES, GSO_SEGMENTS, address_write, iovec, message_ask, message_init, send_batch,
    sockaddr_storage, socklen_t,
)
from mediad._fastpath.io.tcp_send cimport stream_send_transport
from mediad._fastpath.engine.graph cimport Engine, Transport, transport_index
from mediad._fastpath.engine.counts cimport (
    COUNT_DATAGRAMS_SENT, COUNT_GSO_REFUSED, COUNT_SEND_BATCHES, COUNT_SEND_MESSAGES, DROP_SEND_FAILED,
)
from mediad._fastpath.engine.messages cimport INDEX_MASK
from mediad._fastpath.engine.outbox cimport NO_DATAGRAM, RTCP_APART, outbox_data
from mediad._fastpath.engine.own_sockets cimport OWN_RTCP


cdef enum:
    REFUSALS = 4                   # by different destinations in a row, until none is tried any more


cdef bint sender_open(Sender* sender, Sockets* sockets, Tcp* tcp, uint32_t outbox_capacity,
                      uint32_t transports) noexcept nogil:
    memset(sender, 0, sizeof(Sender))
    sender.sockets = sockets
    sender.tcp = tcp
    sender.gso = True
    sender.pieces = <iovec*>calloc(outbox_capacity, sizeof(iovec))
    sender.refused = <uint32_t*>calloc(transports, sizeof(uint32_t))
    return sender.pieces != NULL and sender.refused != NULL


cdef void sender_close(Sender* sender) noexcept nogil:
    free(sender.pieces)
    free(sender.refused)
    sender.pieces = NULL
    sender.refused = NULL


cdef void send_outbox(Engine* engine) noexcept nogil:
    cdef Sender* sender = <Sender*>engine.context
    cdef Transport* transport
    cdef uint32_t i
    if engine.outbox.count == 0:
        return
    for i in range(engine.outbox.destination_count):
        transport = &engine.transports[engine.outbox.destinations[i] & INDEX_MASK]
        if engine.outbox.destinations[i] & RTCP_APART:
            add_destination(engine, sender, transport, transport.own.rtcp_head, &transport.own.remote[<int>OWN_RTCP])
            transport.own.rtcp_head = NO_DATAGRAM
            transport.own.rtcp_tail = NO_DATAGRAM
            continue
        if transport.selected.connection:
            stream_send_transport(sender.tcp, transport)
        else:
            add_destination(engine, sender, transport, transport.outbox_head, &transport.selected)
        transport.outbox_head = NO_DATAGRAM
        transport.outbox_tail = NO_DATAGRAM
    send_messages(engine, sender)
    sender.piece_count = 0
    engine.outbox.count = 0
    engine.outbox.destination_count = 0


cdef void add_destination(Engine* engine, Sender* sender, Transport* transport, uint32_t index,
                          const Address* to) noexcept nogil:
    if sender.message_count and sender.socket != to.socket:
        send_messages(engine, sender)
    sender.socket = to.socket
    while index != NO_DATAGRAM:
        if sender.message_count == SEND_MESSAGES:
            send_messages(engine, sender)
        index = add_run(engine, sender, transport, index, to)


cdef uint32_t add_run(Engine* engine, Sender* sender, Transport* transport, uint32_t index,
                      const Address* to) noexcept nogil:
    """Build one message from the datagrams at `index` on; returns the first that did not fit it."""
    cdef iovec* pieces = &sender.pieces[sender.piece_count]
    cdef uint32_t segment = engine.outbox.datagrams[index].length
    cdef uint32_t owner = transport_index(engine, transport)
    cdef uint32_t limit = GSO_SEGMENTS if sender.gso and sender.refused[owner] != transport.handle else 1
    cdef uint32_t total = 0
    cdef uint32_t count = 0
    cdef uint32_t length
    cdef uint32_t number = sender.message_count
    cdef sockaddr_storage* name = &sender.names[number]
    cdef socklen_t name_length
    while index != NO_DATAGRAM and count < limit:
        length = engine.outbox.datagrams[index].length
        if length > segment or total + length > GSO_BYTES:
            break
        pieces[count].iov_base = outbox_data(&engine.outbox, index)
        pieces[count].iov_len = length
        count += 1
        total += length
        index = engine.outbox.datagrams[index].next
        if length < segment:
            break
    name_length = address_write(name, sender.sockets.families[to.socket], to.high, to.low, to.port)
    if name_length == 0:
        engine.drops[<int>DROP_SEND_FAILED] += count
        return index
    message_init(&sender.messages[number], pieces, count, name, name_length, NULL)
    ask_kernel(sender, to, number, <uint16_t>(segment if count > 1 else 0))
    sender.datagrams[number] = count
    sender.targets[number] = to
    sender.transports[number] = owner
    sender.piece_count += count
    sender.message_count += 1
    return index


cdef void ask_kernel(Sender* sender, const Address* to, uint32_t number, uint16_t segment) noexcept nogil:
    """Ask the kernel to cut the message, and to send it from the address of ours that the peer knows."""
    message_ask(&sender.messages[number], &sender.controls[number], segment, sender.sockets.families[to.socket],
                to.local_high, to.local_low)


cdef void send_messages(Engine* engine, Sender* sender) noexcept nogil:
    """Send all messages built so far. One that the kernel refuses is counted and passed over; the rest still go."""
    cdef uint32_t done = 0
    cdef int sent, failure
    cdef int fd = sender.sockets.fds[sender.socket]
    while done < sender.message_count:
        sent = send_batch(fd, &sender.messages[done], sender.message_count - done)
        engine.counts[<int>COUNT_SEND_BATCHES] += 1
        if sent > 0:
            count_sent(engine, sender, done, <uint32_t>sent)
            done += <uint32_t>sent
            continue
        failure = errno
        if failure == EINTR:
            continue
        if sender.datagrams[done] > 1 and is_gso_refusal(failure):
            if send_singly(engine, sender, fd, done) and failure != EMSGSIZE:
                note_refusal(engine, sender, sender.transports[done])
        else:
            engine.drops[<int>DROP_SEND_FAILED] += sender.datagrams[done]
        done += 1
    sender.message_count = 0


cdef bint is_gso_refusal(int failure) noexcept nogil:
    return (failure == EINVAL or failure == EIO or failure == EOPNOTSUPP or failure == ENOPROTOOPT
            or failure == EMSGSIZE)


cdef void note_refusal(Engine* engine, Sender* sender, uint32_t transport) noexcept nogil:
    """Note a destination whose route cannot do GSO: the same datagrams went one by one."""
    engine.counts[<int>COUNT_GSO_REFUSED] += 1
    if sender.refused[transport] == engine.transports[transport].handle:
        return                             # built before it was known
    sender.refused[transport] = engine.transports[transport].handle
    sender.refusals += 1
    if sender.refusals == REFUSALS:
        sender.gso = False


cdef void count_sent(Engine* engine, Sender* sender, uint32_t first, uint32_t messages) noexcept nogil:
    cdef uint32_t i
    engine.counts[<int>COUNT_SEND_MESSAGES] += messages
    for i in range(first, first + messages):
        engine.counts[<int>COUNT_DATAGRAMS_SENT] += sender.datagrams[i]
        if sender.datagrams[i] > 1:
            sender.refusals = 0


cdef uint32_t send_singly(Engine* engine, Sender* sender, int fd, uint32_t number) noexcept nogil:
    """Send the datagrams of one refused GSO message one by one; returns how many went."""
    cdef iovec* pieces = sender.messages[number].msg_hdr.msg_iov
    cdef uint32_t i, went = 0
    ask_kernel(sender, sender.targets[number], number, 0)
    sender.messages[number].msg_hdr.msg_iovlen = 1
    for i in range(sender.datagrams[number]):
        sender.messages[number].msg_hdr.msg_iov = &pieces[i]
        if send_batch(fd, &sender.messages[number], 1) == 1:
            engine.counts[<int>COUNT_DATAGRAMS_SENT] += 1
            engine.counts[<int>COUNT_SEND_MESSAGES] += 1
            went += 1
        else:
            engine.drops[<int>DROP_SEND_FAILED] += 1
    return went
