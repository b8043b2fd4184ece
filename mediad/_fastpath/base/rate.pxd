"""Bitrate over the last second, in buckets; O(1) per packet and bounded at any gap."""

from libc.stdint cimport uint32_t, uint64_t

cdef enum:
    RATE_BUCKETS = 20
    RATE_BUCKET_US = 50000

ctypedef struct RateMeter:
    uint32_t bytes[RATE_BUCKETS]
    uint64_t total_bytes       # sum of the buckets
    uint64_t newest            # absolute index of the newest bucket (now_us // RATE_BUCKET_US)

cdef void rate_add(RateMeter* meter, uint32_t bytes, uint64_t now_us) noexcept nogil
# Bits per second over the last full second.
cdef uint64_t rate_bps(RateMeter* meter, uint64_t now_us) noexcept nogil
