"""Packets that wait a little so that a burst does not overrun the path: retransmissions first, then video.

A debt that everything sent adds to and time pays off at two and a half times the estimate. Small bursts leave at once;
what finds too much debt is remembered by consumer and sequence number, and leaves within QUEUE_US whatever the estimate
says. Audio adds to the debt but never waits. While a queue stands on the path already, a burst would only overflow it:
then the pace is the estimate itself.
"""

from libc.stdint cimport uint16_t, uint32_t, uint64_t

cdef enum:
    PACED_PACKETS = 512            # of a kind; a power of two

cpdef enum PacedKind:
    PACED_REPAIR = 0
    PACED_MEDIA = 1

cdef enum:
    PACED_KINDS = 2

ctypedef struct PacedPacket:
    uint32_t consumer              # handle
    uint16_t sequence_number       # as sent to it
    uint16_t bytes

ctypedef struct PacedQueue:
    uint32_t head
    uint32_t count
    PacedPacket packets[PACED_PACKETS]

ctypedef struct Pacer:
    bint careful                   # a queue stands on the path: no bursts, no faster than the estimate
    double debt_bytes
    uint64_t paid_us               # until when time has paid
    uint64_t waiting_bytes
    double repair_bytes            # that repeats may take now
    uint64_t repair_us             # until when that is counted
    PacedQueue queues[PACED_KINDS]

# `path_bps`: the estimate, or a probe's rate; 0 = unknown, then nothing waits.
cdef void pacer_spend(Pacer* pacer, uint32_t bytes, uint64_t path_bps, uint64_t now_us) noexcept nogil
cdef bint pacer_must_wait(Pacer* pacer, PacedKind kind, uint64_t path_bps, uint64_t now_us) noexcept nogil
# True when a repeat of so many bytes fits into their share of the path, and takes it. A receiver behind a full queue
# asks again for all that did not fit into it: answering would keep it full, and what is new out. Audio may borrow a
# little where video took all. A path that is not known must be assumed: 0 has room for next to nothing.
cdef bint pacer_affords_repair(Pacer* pacer, uint32_t bytes, bint video, uint64_t path_bps,
                               uint64_t now_us) noexcept nogil
# False: full, it must leave now.
cdef bint pacer_hold(Pacer* pacer, PacedKind kind, uint32_t consumer, uint16_t sequence_number,
                     uint32_t bytes) noexcept nogil
# The next packet that may leave now; false when none may.
cdef bint pacer_next(Pacer* pacer, PacedPacket* packet, PacedKind* kind, uint64_t path_bps,
                     uint64_t now_us) noexcept nogil


cdef inline bint pacer_waits(const Pacer* pacer) noexcept nogil:
    return pacer.queues[<int>PACED_REPAIR].count != 0 or pacer.queues[<int>PACED_MEDIA].count != 0
