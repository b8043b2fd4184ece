"""Counting of bytes in buckets of time, and the bitrate over them. A zeroed RateMeter is an empty one."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memset


cdef inline void advance(RateMeter* meter, uint64_t now_us) noexcept nogil:
    """Forget the buckets that now_us has moved past; at most RATE_BUCKETS steps however long the gap."""
    cdef uint64_t index = now_us // RATE_BUCKET_US
    cdef uint32_t cell
    if index <= meter.newest:
        return
    if index - meter.newest >= RATE_BUCKETS:
        memset(meter.bytes, 0, sizeof(meter.bytes))
        meter.total_bytes = 0
        meter.newest = index
        return
    while meter.newest < index:
        meter.newest += 1
        cell = <uint32_t>(meter.newest % RATE_BUCKETS)
        meter.total_bytes -= meter.bytes[cell]
        meter.bytes[cell] = 0


cdef void rate_add(RateMeter* meter, uint32_t bytes, uint64_t now_us) noexcept nogil:
    advance(meter, now_us)
    meter.bytes[meter.newest % RATE_BUCKETS] += bytes
    meter.total_bytes += bytes


cdef uint64_t rate_bps(RateMeter* meter, uint64_t now_us) noexcept nogil:
    # The newest bucket is only partly over. Dividing by the time that the buckets really cover keeps a steady
    # stream's rate steady instead of dipping by a twentieth at each bucket's start.
    cdef uint64_t covered_us
    advance(meter, now_us)
    covered_us = (RATE_BUCKETS - 1) * RATE_BUCKET_US
    if now_us > meter.newest * RATE_BUCKET_US:
        covered_us += now_us - meter.newest * RATE_BUCKET_US
    return meter.total_bytes * 8 * 1000000 // covered_us
