"""Rate at which packets passed a point, by the times given with them, not by when we were told of them."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

cdef enum:
    ARRIVAL_BUCKETS = 32
    ARRIVAL_BUCKET_US = 25000

ctypedef struct ArrivalRate:
    bint started
    int64_t first              # bucket of the first packet
    int64_t newest
    uint32_t bytes[ARRIVAL_BUCKETS]

cdef void arrivals_init(ArrivalRate* rate) noexcept nogil
cdef void arrivals_add(ArrivalRate* rate, int64_t at_us, uint32_t bytes) noexcept nogil
# Over the last `window_us` (at most 775 ms) before the newest bucket, which is not over yet; 0 = too little to tell.
cdef uint64_t arrivals_bps(const ArrivalRate* rate, uint32_t window_us) noexcept nogil
