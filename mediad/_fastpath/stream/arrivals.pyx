"""Counting of bytes in buckets of the packets' own times, and the rate over them."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from libc.string cimport memset

cdef enum:
    LEAST_BUCKETS = 4


cdef void arrivals_init(ArrivalRate* rate) noexcept nogil:
    memset(rate, 0, sizeof(ArrivalRate))


cdef void arrivals_add(ArrivalRate* rate, int64_t at_us, uint32_t bytes) noexcept nogil:
    cdef int64_t bucket = at_us // ARRIVAL_BUCKET_US
    if not rate.started or bucket - rate.newest >= ARRIVAL_BUCKETS or rate.newest - bucket >= ARRIVAL_BUCKETS:
        # The first, or a silence (or a clock's jump) longer than the memory: nothing before counts.
        memset(rate.bytes, 0, sizeof(rate.bytes))
        rate.started = True
        rate.first = rate.newest = bucket
    while rate.newest < bucket:
        rate.newest += 1
        rate.bytes[rate.newest & (ARRIVAL_BUCKETS - 1)] = 0
    rate.bytes[bucket & (ARRIVAL_BUCKETS - 1)] += bytes


cdef uint64_t arrivals_bps(const ArrivalRate* rate, uint32_t window_us) noexcept nogil:
    cdef int64_t count = window_us // ARRIVAL_BUCKET_US
    cdef int64_t bucket
    cdef uint64_t total = 0
    if not rate.started:
        return 0
    if count > rate.newest - rate.first:
        count = rate.newest - rate.first
    if count > ARRIVAL_BUCKETS - 1:
        count = ARRIVAL_BUCKETS - 1
    if count < LEAST_BUCKETS:
        return 0
    for bucket in range(rate.newest - count, rate.newest):
        total += rate.bytes[bucket & (ARRIVAL_BUCKETS - 1)]
    return total * 8 * 1000000 // <uint64_t>(count * ARRIVAL_BUCKET_US)
