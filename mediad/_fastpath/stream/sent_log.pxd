"""Packets sent on one transport, by transport-cc number, until feedback reports them."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

cdef enum:
    SENT_LOG = 4096            # numbers kept; power of two: 8 s of 5 Mbit/s

cpdef enum Fate:
    FATE_NONE = 0              # never sent under this number
    FATE_WAITING = 1
    FATE_RECEIVED = 2
    FATE_LOST = 3              # reported missing; a late report may still say that it came

ctypedef struct SentRecord:
    uint32_t sent_us           # low 32 bits
    uint16_t bytes             # of the datagram
    uint8_t cluster            # probe cluster it was part of; 0 = none
    uint8_t fate

ctypedef struct SentLog:
    bint started
    int64_t newest             # unwrapped
    SentRecord records[SENT_LOG]

cdef void sent_log_init(SentLog* log) noexcept nogil
cdef void sent_log_add(SentLog* log, uint16_t sequence_number, uint32_t bytes, uint8_t cluster,
                       uint64_t now_us) noexcept nogil
# NULL: not one of ours, or too long ago.
cdef SentRecord* sent_log_find(SentLog* log, uint16_t sequence_number) noexcept nogil


cdef inline uint64_t sent_log_time(const SentRecord* record, uint64_t now_us) noexcept nogil:
    """Time of sending, if that is less than 71 minutes ago."""
    return now_us - <uint32_t>(<uint32_t>now_us - record.sent_us)
