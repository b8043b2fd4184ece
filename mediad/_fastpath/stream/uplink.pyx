"""Loss-based half of Google congestion control (draft-ietf-rmcat-gcc-02 section 6), fed by our own receivers."""

from libc.stdint cimport uint8_t, uint64_t

cdef enum:
    START_BPS = 1000000
    FLOOR_BPS = 30000
    UPDATE_US = 900000             # a little less than the second between calls, for timers that come early
    LOW_LOSS = 5                   # 2 % in 1/256
    HIGH_LOSS = 26                 # 10 %


cdef void uplink_init(UplinkEstimate* uplink, uint64_t limit_bps) noexcept nogil:
    uplink.estimate_bps = START_BPS
    uplink.limit_bps = limit_bps
    uplink.cap_bps = 0
    uplink.updated_us = 0


cdef uint64_t uplink_limit(const UplinkEstimate* uplink) noexcept nogil:
    if uplink.cap_bps != 0 and (uplink.limit_bps == 0 or uplink.cap_bps < uplink.limit_bps):
        return uplink.cap_bps
    return uplink.limit_bps


cdef uint64_t uplink_update(
    UplinkEstimate* uplink, uint8_t fraction_lost, uint64_t received_bps, uint64_t now_us
) noexcept nogil:
    cdef uint64_t estimate = uplink.estimate_bps, limit = uplink_limit(uplink), ceiling
    if uplink.updated_us == 0 or now_us >= uplink.updated_us + UPDATE_US:
        uplink.updated_us = now_us
        if fraction_lost < LOW_LOSS:
            # A rate that was never sent is not tested: an idle sender's estimate must not grow without end.
            ceiling = 2 * received_bps if 2 * received_bps > START_BPS else START_BPS
            if estimate < ceiling:
                estimate += estimate * 8 // 100 + 1000
                estimate = ceiling if estimate > ceiling else estimate
        elif fraction_lost > HIGH_LOSS:
            estimate -= estimate * fraction_lost // 512
        uplink.estimate_bps = FLOOR_BPS if estimate < FLOOR_BPS else estimate
    return limit if 0 < limit < uplink.estimate_bps else uplink.estimate_bps
