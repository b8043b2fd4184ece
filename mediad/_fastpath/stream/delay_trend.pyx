"""Groups of packets, the line through their delays, and the threshold for its slope."""

from libc.math cimport fabs
from libc.stdint cimport int64_t, uint32_t
from libc.string cimport memset

cdef enum:
    GROUP_US = 5000
    MAX_BURST_US = 100000
    MAX_JUMP_US = 3000000          # a clock jumped, or the path was gone
    MAX_DELTAS = 60

cdef double SMOOTHING = 0.9
cdef double GAIN = 4.0
cdef double FIRST_THRESHOLD_MS = 12.5
cdef double MIN_THRESHOLD_MS = 6.0
cdef double MAX_THRESHOLD_MS = 600.0
cdef double RISE = 0.0087
cdef double FALL = 0.0039
cdef double OUTLIER_MS = 15.0      # farther above the threshold than this does not move it
cdef double OVERUSE_MS = 10.0


cdef void delay_trend_init(DelayTrend* trend) noexcept nogil:
    memset(trend, 0, sizeof(DelayTrend))
    trend.threshold_ms = FIRST_THRESHOLD_MS
    trend.over_ms = -1.0


cdef void delay_trend_skip(DelayTrend* trend) noexcept nogil:
    trend.current.open = False
    trend.previous.open = False


cdef bint belongs(const PacketGroup* group, int64_t sent_us, int64_t arrival_us) noexcept nogil:
    """True for a packet sent with the group, or let go with it by a queue on the way that sends in bursts."""
    cdef int64_t arrival_gap_us = arrival_us - group.last_arrival_us
    if sent_us - group.first_sent_us <= GROUP_US:
        return True
    return (
        arrival_gap_us <= GROUP_US
        and arrival_gap_us < sent_us - group.last_sent_us
        and arrival_us - group.first_arrival_us < MAX_BURST_US
    )


cdef void delay_trend_add(DelayTrend* trend, int64_t sent_us, int64_t arrival_us) noexcept nogil:
    cdef PacketGroup* current = &trend.current
    if current.open:
        if sent_us < current.first_sent_us:
            return                     # out of order in sending: of a group that is done
        if belongs(current, sent_us, arrival_us):
            if sent_us > current.last_sent_us:
                current.last_sent_us = sent_us
            if arrival_us > current.last_arrival_us:
                current.last_arrival_us = arrival_us
            return
        if trend.previous.open:
            compare(trend)
        trend.previous = current[0]
    current.open = True
    current.first_sent_us = current.last_sent_us = sent_us
    current.first_arrival_us = current.last_arrival_us = arrival_us


cdef void compare(DelayTrend* trend) noexcept nogil:
    """Compare two complete groups: add a point to the line, and judge its slope."""
    cdef int64_t sent_us = trend.current.last_sent_us - trend.previous.last_sent_us
    cdef int64_t arrival_us = trend.current.last_arrival_us - trend.previous.last_arrival_us
    if arrival_us < 0:
        return                         # overtaken as a whole
    if arrival_us - sent_us > MAX_JUMP_US or sent_us - arrival_us > MAX_JUMP_US:
        trend.points = 0
        trend.deltas = 0
        trend.accumulated_ms = trend.smoothed_ms = 0.0
        trend.use = USE_NORMAL
        return
    add_point(trend, (arrival_us - sent_us) / 1000.0)
    trend.previous_slope = trend.slope
    if trend.points == TREND_POINTS:
        trend.slope = fit(trend, trend.slope)
    detect(trend, sent_us / 1000.0)


cdef void add_point(DelayTrend* trend, double delta_ms) noexcept nogil:
    cdef uint32_t i
    if trend.origin_us == 0:
        trend.origin_us = trend.current.last_arrival_us
    if trend.deltas < MAX_DELTAS:
        trend.deltas += 1
    trend.accumulated_ms += delta_ms
    trend.smoothed_ms = SMOOTHING * trend.smoothed_ms + (1.0 - SMOOTHING) * trend.accumulated_ms
    if trend.points == TREND_POINTS:
        for i in range(TREND_POINTS - 1):
            trend.times_ms[i] = trend.times_ms[i + 1]
            trend.delays_ms[i] = trend.delays_ms[i + 1]
        trend.points -= 1
    trend.times_ms[trend.points] = (trend.current.last_arrival_us - trend.origin_us) / 1000.0
    trend.delays_ms[trend.points] = trend.smoothed_ms
    trend.points += 1


cdef double fit(const DelayTrend* trend, double otherwise) noexcept nogil:
    """Slope by least squares; `otherwise` when all points have one time."""
    cdef double mean_time = 0.0, mean_delay = 0.0, above = 0.0, below = 0.0
    cdef uint32_t i
    for i in range(TREND_POINTS):
        mean_time += trend.times_ms[i]
        mean_delay += trend.delays_ms[i]
    mean_time /= TREND_POINTS
    mean_delay /= TREND_POINTS
    for i in range(TREND_POINTS):
        above += (trend.times_ms[i] - mean_time) * (trend.delays_ms[i] - mean_delay)
        below += (trend.times_ms[i] - mean_time) * (trend.times_ms[i] - mean_time)
    return above / below if below > 0.0 else otherwise


cdef void detect(DelayTrend* trend, double sent_ms) noexcept nogil:
    """Detect overuse: a slope that stays over the threshold for 10 ms and two groups, and is not already falling."""
    cdef double modified = trend.slope * trend.deltas * GAIN
    if trend.deltas < 2:
        return
    if modified > trend.threshold_ms:
        trend.over_ms = sent_ms / 2 if trend.over_ms < 0 else trend.over_ms + sent_ms
        trend.over_count += 1
        if trend.over_ms > OVERUSE_MS and trend.over_count > 1 and trend.slope >= trend.previous_slope:
            trend.over_ms = 0.0
            trend.over_count = 0
            trend.use = USE_OVER
    else:
        trend.over_ms = -1.0
        trend.over_count = 0
        trend.use = USE_UNDER if modified < -trend.threshold_ms else USE_NORMAL
    adapt(trend, fabs(modified))


cdef void adapt(DelayTrend* trend, double magnitude) noexcept nogil:
    """Move the threshold (draft section 5.4): fast up, slowly down, and never for a single outlier."""
    cdef int64_t now_us = trend.current.last_arrival_us
    cdef double passed_ms = (now_us - trend.adapted_us) / 1000.0 if trend.adapted_us else 0.0
    trend.adapted_us = now_us
    if magnitude > trend.threshold_ms + OUTLIER_MS or passed_ms < 0:
        return
    if passed_ms > 100.0:
        passed_ms = 100.0
    trend.threshold_ms += (FALL if magnitude < trend.threshold_ms else RISE) * (
        magnitude - trend.threshold_ms) * passed_ms
    if trend.threshold_ms < MIN_THRESHOLD_MS:
        trend.threshold_ms = MIN_THRESHOLD_MS
    elif trend.threshold_ms > MAX_THRESHOLD_MS:
        trend.threshold_ms = MAX_THRESHOLD_MS
