"""Adding of sent packets to the log and finding them by number."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset
from mediad._fastpath.base.sequence cimport unwrap16


cdef void sent_log_init(SentLog* log) noexcept nogil:
    memset(log, 0, sizeof(SentLog))


cdef void sent_log_add(SentLog* log, uint16_t sequence_number, uint32_t bytes, uint8_t cluster,
                       uint64_t now_us) noexcept nogil:
    cdef int64_t sequence
    cdef SentRecord* record
    if not log.started:
        log.started = True
        log.newest = sequence_number - 1
    sequence = unwrap16(log.newest, sequence_number)
    if sequence <= log.newest:
        return                     # a repeat bit for bit keeps its number and its first time
    if sequence - log.newest > SENT_LOG:
        memset(log.records, 0, sizeof(log.records))
        log.newest = sequence - 1
    while log.newest < sequence:   # numbers that were taken but did not leave must not find an older packet
        log.newest += 1
        log.records[log.newest & (SENT_LOG - 1)].fate = FATE_NONE
    record = &log.records[sequence & (SENT_LOG - 1)]
    record.sent_us = <uint32_t>now_us
    record.bytes = <uint16_t>bytes
    record.cluster = cluster
    record.fate = FATE_WAITING


cdef SentRecord* sent_log_find(SentLog* log, uint16_t sequence_number) noexcept nogil:
    cdef int64_t sequence
    cdef SentRecord* record
    if not log.started:
        return NULL
    sequence = unwrap16(log.newest, sequence_number)
    if sequence > log.newest or sequence <= log.newest - SENT_LOG:
        return NULL
    record = &log.records[sequence & (SENT_LOG - 1)]
    return NULL if record.fate == FATE_NONE else record
