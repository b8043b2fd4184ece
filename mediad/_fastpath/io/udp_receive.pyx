"""Receiving from a socket into packet slots: one recvmmsg a round, GRO trains cut into datagrams.

Set aside: receiving straight into slots. It spares a copy of about 30 ns a packet, but a slot cannot hold a train, and
trains spare the kernel more than ten times that.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memcpy, memset
from mediad._fastpath.io.kernel cimport (
    address_read, message_init, message_told, message_truncated, mmsghdr, receive_batch, sockaddr_storage,
)
from mediad._fastpath.base.pool cimport NO_SLOT, SLOT_BYTES, TAIL_BYTES, pool_data, pool_release, pool_take
from mediad._fastpath.engine.graph cimport drop
from mediad._fastpath.engine.ingress.demux cimport engine_receive
from mediad._fastpath.engine.counts cimport COUNT_RECEIVE_BATCHES, DROP_POOL_EMPTY, DROP_TRUNCATED


cdef bint receiver_open(Receiver* receiver) noexcept nogil:
    memset(receiver, 0, sizeof(Receiver))
    receiver.buffers = <uint8_t*>calloc(RECEIVE_MESSAGES, RECEIVE_BYTES)
    receiver.used = RECEIVE_MESSAGES
    return receiver.buffers != NULL


cdef void receiver_close(Receiver* receiver) noexcept nogil:
    free(receiver.buffers)
    receiver.buffers = NULL


cdef int receive_fetch(Receiver* receiver, int fd) noexcept nogil:
    cdef int i, count
    for i in range(receiver.used):
        receiver.pieces[i].iov_base = receiver.buffers + i * RECEIVE_BYTES
        receiver.pieces[i].iov_len = RECEIVE_BYTES
        message_init(&receiver.messages[i], &receiver.pieces[i], 1, &receiver.names[i], sizeof(sockaddr_storage),
                     &receiver.controls[i])
    count = receive_batch(fd, receiver.messages, RECEIVE_MESSAGES)
    receiver.used = count if count > 0 else 0
    return receiver.used


cdef void receive_deliver(Receiver* receiver, Engine* engine, uint32_t socket, int count,
                          uint64_t now_us) noexcept nogil:
    cdef int i
    engine.counts[<int>COUNT_RECEIVE_BATCHES] += 1
    for i in range(count):
        take_message(engine, &receiver.messages[i], &receiver.names[i], receiver.buffers + i * RECEIVE_BYTES, socket,
                     now_us)


cdef void take_message(Engine* engine, mmsghdr* message, const sockaddr_storage* name, const uint8_t* data,
                       uint32_t socket, uint64_t now_us) noexcept nogil:
    """Give one message to the engine: a datagram, or a train of equal ones with a shorter last."""
    cdef Address source
    cdef uint32_t left = message.msg_len
    cdef uint32_t step, length
    memset(&source, 0, sizeof(Address))
    step = message_told(message, &source.local_high, &source.local_low)
    if not address_read(name, &source.high, &source.low, &source.port):
        return
    source.socket = <uint16_t>socket
    if message_truncated(message):
        drop(engine, DROP_TRUNCATED)
        return
    if step == 0:
        step = left
    while left > 0:
        length = step if step < left else left
        take_datagram(engine, data, length, &source, now_us)
        data += length
        left -= length


cdef void take_datagram(Engine* engine, const uint8_t* data, uint32_t length, const Address* source,
                        uint64_t now_us) noexcept nogil:
    cdef uint32_t slot
    if length > SLOT_BYTES - TAIL_BYTES:
        drop(engine, DROP_TRUNCATED)
        return
    slot = pool_take(&engine.pool)
    if slot == NO_SLOT:
        drop(engine, DROP_POOL_EMPTY)
        return
    memcpy(pool_data(&engine.pool, slot), data, length)
    engine_receive(engine, slot, length, source, now_us)
    pool_release(&engine.pool, slot)
