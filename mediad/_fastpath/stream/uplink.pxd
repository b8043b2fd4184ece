"""Bitrate that REMB tells a sender without transport-cc: an estimate from loss (AIMD), at most the configured limit.

Delay-based estimation of the uplink is the sender's own with transport-cc; this is the fallback for senders that
negotiated goog-remb alone, and the carrier of a limit for all.
"""

from libc.stdint cimport uint8_t, uint64_t

ctypedef struct UplinkEstimate:
    uint64_t estimate_bps
    uint64_t limit_bps         # as configured; 0 = none
    uint64_t cap_bps           # for the moment; 0 = none
    uint64_t updated_us

# The lower of both; 0 = none.
cdef uint64_t uplink_limit(const UplinkEstimate* uplink) noexcept nogil
cdef void uplink_init(UplinkEstimate* uplink, uint64_t limit_bps) noexcept nogil
# Once a second: fraction_lost 0..255 of the worst stream, received bitrate now → estimate (bps) to announce.
cdef uint64_t uplink_update(
    UplinkEstimate* uplink, uint8_t fraction_lost, uint64_t received_bps, uint64_t now_us
) noexcept nogil
