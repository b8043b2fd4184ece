"""Receiving from a socket into packet slots: one recvmmsg a round, GRO trains cut into datagrams."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from mediad._fastpath.base.table cimport Address
from mediad._fastpath.io.kernel cimport Control, iovec, mmsghdr, sockaddr_storage
from mediad._fastpath.engine.graph cimport Engine

cdef enum:
    RECEIVE_MESSAGES = 32
    RECEIVE_BYTES = 65536          # a GRO train may fill a whole UDP datagram's size

ctypedef struct Receiver:
    uint8_t* buffers
    int used                       # messages of the last batch, which have to be initialised again
    mmsghdr messages[RECEIVE_MESSAGES]
    iovec pieces[RECEIVE_MESSAGES]
    sockaddr_storage names[RECEIVE_MESSAGES]
    Control controls[RECEIVE_MESSAGES]

cdef bint receiver_open(Receiver* receiver) noexcept nogil
cdef void receiver_close(Receiver* receiver) noexcept nogil
# Takes up to RECEIVE_MESSAGES messages from fd; how many, 0 when the socket is empty.
cdef int receive_fetch(Receiver* receiver, int fd) noexcept nogil
# Gives what was fetched to the engine.
cdef void receive_deliver(Receiver* receiver, Engine* engine, uint32_t socket, int count,
                          uint64_t now_us) noexcept nogil
# Gives one datagram to the engine; one that is larger than a packet slot is dropped.
cdef void take_datagram(Engine* engine, const uint8_t* data, uint32_t length, const Address* source,
                        uint64_t now_us) noexcept nogil
