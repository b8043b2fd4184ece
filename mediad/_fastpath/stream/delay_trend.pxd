"""Detection of a growing queue on the way: the trendline filter and overuse detector of Google congestion control.

Packets sent within 5 ms form a group (draft-ietf-rmcat-gcc-02 section 5.2); how much farther apart two groups arrive
than they were sent is the change of the queue between them. A line through the last smoothed delays has that change
per time as its slope, compared with a threshold that adapts, so that a competing flow's standing queue does not
starve us (section 5.4).
"""

from libc.stdint cimport int64_t, uint32_t

cdef enum:
    TREND_POINTS = 20

cpdef enum LinkUse:
    USE_NORMAL = 0
    USE_OVER = 1
    USE_UNDER = 2

ctypedef struct PacketGroup:
    bint open
    int64_t first_sent_us
    int64_t last_sent_us
    int64_t first_arrival_us
    int64_t last_arrival_us

ctypedef struct DelayTrend:
    LinkUse use
    PacketGroup current
    PacketGroup previous
    double accumulated_ms
    double smoothed_ms
    double times_ms[TREND_POINTS]      # arrival, since origin_us
    double delays_ms[TREND_POINTS]     # smoothed
    uint32_t points                    # in the arrays
    uint32_t deltas                    # seen, counted up to a limit
    int64_t origin_us
    double slope
    double previous_slope
    double threshold_ms
    double over_ms                     # time over the threshold
    uint32_t over_count
    int64_t adapted_us                 # arrival time of the last change of the threshold

cdef void delay_trend_init(DelayTrend* trend) noexcept nogil
# One received packet, in order of sending. Times of two clocks: only differences count.
cdef void delay_trend_add(DelayTrend* trend, int64_t sent_us, int64_t arrival_us) noexcept nogil
# The next packets do not compare with those before (a probe or an outage lies between).
cdef void delay_trend_skip(DelayTrend* trend) noexcept nogil
