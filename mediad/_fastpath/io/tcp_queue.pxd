"""Packets that wait until a TCP connection's peer takes more: what is kept, what goes first, what is dropped.

The rule, in this order:

1. A packet that was sent in part goes on; it is never dropped, or the stream would be broken.
2. STUN, RTCP, and DTLS other than application data (CONTROL) go before all else. Beyond CONTROL_BYTES the new one is
   dropped: they are sent again, or the next one says the same.
3. DTLS application data (DATA, the data channels) and media (MEDIA) go in the order in which they came. Beyond
   DATA_BYTES the new one is dropped, which SCTP takes for congestion. Beyond MEDIA_BYTES, or after MEDIA_WAIT_US, the
   oldest media is dropped: a receiver has given it up first.

All queues of a worker share one store of slots. None may hold more slots than are free (Choudhury and Hahne, "Dynamic
queue length thresholds", 1998): however many peers are stuck, they share all but one share, which stays for the others.
Above that a queue makes room by dropping its own oldest media, or drops the new packet.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from mediad._fastpath.base.pool cimport Pool

cdef enum:
    CONTROL_BYTES = 65536
    DATA_BYTES = 131072
    MEDIA_BYTES = 262144
    MEDIA_WAIT_US = 500000
    MOST_SLOTS = 512               # of one queue, so that many small packets do not take more memory than large ones
    STORE_SLOTS = 16384            # 32 MiB of addresses, resident as far as ever used

cdef enum Lane:
    CONTROL = 0
    DATA = 1
    MEDIA = 2

cdef enum:
    LANES = 3

ctypedef struct Waiting:           # one packet in a slot
    uint32_t next                  # of the same lane
    uint32_t length
    uint32_t lane
    uint64_t serial                # in the order of coming, over all queues
    uint64_t since_us

ctypedef struct WaitingStore:
    Pool pool
    Waiting* packets               # by slot
    uint64_t serial
    uint64_t* drops                # by Drop

ctypedef struct LaneList:
    uint32_t first                 # NO_SLOT = empty
    uint32_t last
    uint32_t bytes

ctypedef struct SendQueue:
    LaneList lanes[LANES]
    uint32_t held                  # slots
    uint32_t leaving               # the packet that was sent in part; NO_SLOT = none
    uint32_t leaving_done          # bytes of its frame, with the header, that have left

cdef bint store_open(WaitingStore* store, uint64_t* drops, uint32_t slots) noexcept nogil
cdef void store_close(WaitingStore* store) noexcept nogil

cdef void queue_init(SendQueue* queue) noexcept nogil
# The connection has ended; what waits is dropped.
cdef void queue_clear(WaitingStore* store, SendQueue* queue) noexcept nogil
cdef uint32_t queue_bytes(const WaitingStore* store, const SendQueue* queue) noexcept nogil
cdef bint queue_is_empty(const SendQueue* queue) noexcept nogil
# Keep or drop a packet, of whose frame `done` bytes have left already (then it is the first of all). False: the rest of
# such a frame finds no room, so nothing can be sent on this connection any more.
cdef bint queue_put(WaitingStore* store, SendQueue* queue, const uint8_t* data, uint32_t length, uint32_t done,
                    uint64_t now_us) noexcept nogil
# The slots of the packets to send next, in their order; at most `limit`. Media that waited too long is dropped first.
cdef uint32_t queue_next(WaitingStore* store, SendQueue* queue, uint32_t* slots, uint32_t limit,
                         uint64_t now_us) noexcept nogil
# So many bytes of their frames have left.
cdef void queue_sent(WaitingStore* store, SendQueue* queue, const uint32_t* slots, uint32_t count,
                     uint64_t bytes) noexcept nogil
