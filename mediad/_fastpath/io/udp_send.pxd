"""Sending from the outbox: runs of equal datagrams for a destination as one GSO message, many messages a call."""

from libc.stdint cimport uint32_t
from mediad._fastpath.base.table cimport Address
from mediad._fastpath.io.kernel cimport Control, iovec, mmsghdr, sockaddr_storage
from mediad._fastpath.io.sockets cimport Sockets
from mediad._fastpath.io.tcp cimport Tcp
from mediad._fastpath.engine.graph cimport Engine

cdef enum:
    SEND_MESSAGES = 256

ctypedef struct Sender:
    Sockets* sockets
    Tcp* tcp                       # for transports whose path is a connection
    iovec* pieces                  # one per outbox datagram
    uint32_t piece_count
    uint32_t message_count
    uint32_t socket                # of the batch being built
    bint gso                       # false: this machine cannot, tried with several destinations
    uint32_t* refused              # by transport: the handle of the one whose destination refused GSO; 0 = none
    uint32_t refusals              # of different destinations, since GSO last worked
    uint32_t datagrams[SEND_MESSAGES]   # in each message
    uint32_t transports[SEND_MESSAGES]  # whose they are
    const Address* targets[SEND_MESSAGES]   # of that transport's
    mmsghdr messages[SEND_MESSAGES]
    sockaddr_storage names[SEND_MESSAGES]
    Control controls[SEND_MESSAGES]

cdef bint sender_open(Sender* sender, Sockets* sockets, Tcp* tcp, uint32_t outbox_capacity,
                      uint32_t transports) noexcept nogil
cdef void sender_close(Sender* sender) noexcept nogil
# A FlushFunction whose engine.context is the Sender.
cdef void send_outbox(Engine* engine) noexcept nogil
