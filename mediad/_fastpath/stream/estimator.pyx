"""Control loop of the estimate: reports come in, the queue is measured and emptied, the target moves."""

from libc.math cimport pow
from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset
from mediad._fastpath.stream.arrivals cimport arrivals_add, arrivals_bps, arrivals_init
from mediad._fastpath.stream.capacity cimport capacity_exceed, capacity_learn
from mediad._fastpath.stream.delay_trend cimport (
    USE_NORMAL, USE_OVER, delay_trend_add, delay_trend_init, delay_trend_skip,
)
from mediad._fastpath.stream.estimator_state cimport (
    QUEUE_BUSY_US, SILENCE_US, SOURCE_REMB, SOURCE_TRANSPORT_CC, Estimator,
)
from mediad._fastpath.stream.losses cimport (
    losses_add, losses_are_high, losses_found, losses_init, losses_update,
)
from mediad._fastpath.stream.probe cimport (
    PROBE_PENDING, PROBE_US, probe_judge, probe_lost, probe_received, probe_sent,
)
from mediad._fastpath.stream.probing cimport lower_target, probing_judge, probing_note_overuse, probing_wait
from mediad._fastpath.stream.sent_log cimport (
    FATE_LOST, FATE_RECEIVED, FATE_WAITING, SentRecord, sent_log_add, sent_log_find, sent_log_time,
)
from mediad._fastpath.wire.rtcp cimport RtcpBlock
from mediad._fastpath.wire.transport_cc cimport (
    FeedbackReader, PacketStatus, feedback_next, feedback_open, feedback_skip_run, feedback_unwrap,
)

cdef enum:
    FLOOR_BPS = 30000
    SENT_ANYWAY_BPS = 120000       # a voice and the smallest picture, however low the estimate
    WINDOW_US = 500000             # of arrival rates
    RECENT_US = 200000             # of the arrival rate when overuse shows: what was before it does not count
    BASE_WINDOW_US = 15000000
    TRANSPORT_CC_LIFE_US = 5000000  # after so much silence a REMB counts again
    MIN_RTT_US = 10000
    MAX_RTT_US = 200000            # between two decreases
    LOSS_SPACING_US = 300000
    QUEUE_CALM_US = 30000          # noise
    QUEUE_FULL_US = 100000         # above this the target does not rise
    QUEUE_LONG_US = 200000         # above this it does not empty soon enough by itself
    SWELLING_US = 10000            # from one feedback to the next
    SWELLINGS = 2
    STANDING = 4
    DRAIN_TIMEOUT_US = 1500000
    COMPETING_US = 10000000
    PACKET_BITS = 9600
    PROBE_SOON_US = 200000

cdef double BACK_OFF = 0.85
cdef double GROWTH = 1.08          # per second
cdef double MIN_STEP_BPS = 4000.0  # per second, near the known capacity
cdef double ROOM = 0.8             # media below this share of the target does not test it
cdef double TAKEN = 0.95           # of what arrives
cdef double MAX_AHEAD = 1.5        # of the arrival rate: more was never tried
cdef double COMPETING_AHEAD = 2.5
cdef double LOSS_CALM = 0.02
cdef double OVERFLOWING = 0.85     # of what is sent arrives: our sending makes the queue grow
cdef double LEAST_DRAIN = 0.5
cdef double MOST_OF_ESTIMATE = 1.25    # times the estimate: no more than that was sent
cdef double YIELD = 0.6            # of the target, to a queue that may be another's


cdef void estimator_init(Estimator* estimator, uint64_t start_bps) noexcept nogil:
    memset(estimator, 0, sizeof(Estimator))
    estimator_begin(estimator, start_bps)


cdef void estimator_begin(Estimator* estimator, uint64_t start_bps) noexcept nogil:
    estimator.target_bps = start_bps
    estimator.drain = 1.0
    estimator.probe_us = PROBE_US
    arrivals_init(&estimator.delivered)
    arrivals_init(&estimator.offered)
    losses_init(&estimator.losses)
    delay_trend_init(&estimator.trend)


cdef bint estimator_drains(const Estimator* estimator) noexcept nogil:
    return estimator.drain < 1.0


cdef uint64_t estimator_bps(const Estimator* estimator) noexcept nogil:
    cdef double bps = estimator.target_bps * estimator.drain
    if estimator.source == SOURCE_REMB:
        bps = estimator.remb_bps
    return FLOOR_BPS if bps < FLOOR_BPS else <uint64_t>bps


cdef uint64_t estimator_delivered_bps(const Estimator* estimator) noexcept nogil:
    return arrivals_bps(&estimator.delivered, WINDOW_US)


# --- news -------------------------------------------------------------------------------------------------------------

cdef void estimator_sent(Estimator* estimator, uint16_t sequence_number, uint32_t bytes,
                         uint64_t now_us) noexcept nogil:
    cdef uint8_t cluster = 0
    if estimator.probe.sending:
        cluster = estimator.probe.cluster
        probe_sent(&estimator.probe, bytes, now_us)
    sent_log_add(&estimator.log, sequence_number, bytes, cluster, now_us)
    estimator.sent_us = now_us
    if estimator.unreported_us == 0:
        estimator.unreported_us = now_us


cdef bint estimator_feedback(Estimator* estimator, const RtcpBlock* block, uint32_t* idle,
                             uint64_t now_us) noexcept nogil:
    cdef FeedbackReader reader
    cdef PacketStatus status
    cdef SentRecord* record
    cdef int64_t clock_us
    cdef int64_t least_us = 0
    cdef bint any_received = False
    cdef bint past_probe = False
    cdef uint64_t sent_us
    if not feedback_open(&reader, block):
        return False
    return_from_silence(estimator, now_us)
    while feedback_next(&reader, &status):
        record = sent_log_find(&estimator.log, status.sequence_number)
        if record == NULL or record.fate == FATE_RECEIVED or (record.fate == FATE_LOST and not status.received):
            if idle[0]:
                idle[0] -= 1
            else:
                feedback_skip_run(&reader)
        if record == NULL or record.fate == FATE_RECEIVED:
            continue
        sent_us = sent_log_time(record, now_us)
        if estimator.probe.waiting and record.cluster != estimator.probe.cluster and (
                sent_us > estimator.probe.ended_us):
            past_probe = True
        if not status.received:
            if record.fate == FATE_WAITING:
                missing(estimator, record, sent_us)
            continue
        clock_us = feedback_unwrap(estimator.arrival_us, status.arrival_us)
        if clock_us > estimator.arrival_us or not estimator.has_base:
            estimator.arrival_us = clock_us
        arrived(estimator, record, <int64_t>sent_us, clock_us)
        if not any_received or clock_us - <int64_t>sent_us < least_us:
            least_us = clock_us - <int64_t>sent_us
        any_received = True
        estimator.rtt_us = now_us - sent_us
    if any_received:
        watch_queue(estimator, least_us, now_us)
    probing_judge(estimator, past_probe, now_us)
    if any_received:
        move_target(estimator, now_us)
    return True


cdef void missing(Estimator* estimator, SentRecord* record, uint64_t sent_us) noexcept nogil:
    record.fate = FATE_LOST
    arrivals_add(&estimator.offered, <int64_t>sent_us, record.bytes)
    if sent_us >= estimator.outage_until_us and record.cluster == 0:
        losses_add(&estimator.losses, True)
    if record.cluster != 0 and record.cluster == estimator.probe.cluster:
        probe_lost(&estimator.probe)


cdef void arrived(Estimator* estimator, SentRecord* record, int64_t sent_us, int64_t clock_us) noexcept nogil:
    if record.fate == FATE_LOST:
        if record.cluster == 0:
            losses_found(&estimator.losses)
    else:
        arrivals_add(&estimator.offered, sent_us, record.bytes)
        if record.cluster == 0:
            losses_add(&estimator.losses, False)
    record.fate = FATE_RECEIVED
    arrivals_add(&estimator.delivered, clock_us, record.bytes)
    if record.cluster == 0:
        delay_trend_add(&estimator.trend, sent_us, clock_us)
        return
    # A probe fills the queue on purpose. The trend starts its next comparison behind it.
    delay_trend_skip(&estimator.trend)
    if record.cluster == estimator.probe.cluster:
        probe_received(&estimator.probe, record.bytes, sent_us, clock_us)


cdef void estimator_remb(Estimator* estimator, uint64_t bps, uint64_t now_us) noexcept nogil:
    estimator.remb_bps = bps
    if estimator.feedback_us == 0 or now_us > estimator.feedback_us + TRANSPORT_CC_LIFE_US:
        estimator.source = SOURCE_REMB


# --- silence ----------------------------------------------------------------------------------------------------------

cdef void return_from_silence(Estimator* estimator, uint64_t now_us) noexcept nogil:
    """Start anew when feedback comes after an outage: packets sent into it were lost, but not to a queue."""
    if estimator.feedback_us != 0 and now_us > estimator.feedback_us + SILENCE_US:
        if estimator.unreported_us != 0 and now_us > estimator.unreported_us + SILENCE_US:
            estimator.outages += 1
        estimator.outage_until_us = now_us
        losses_init(&estimator.losses)
        delay_trend_init(&estimator.trend)
        estimator.drain = 1.0
        estimator.drain_begun_us = 0
        estimator.next_probe_us = now_us + PROBE_SOON_US
    estimator.feedback_us = now_us
    estimator.unreported_us = 0
    estimator.source = SOURCE_TRANSPORT_CC


cdef void estimator_tick(Estimator* estimator, uint64_t now_us) noexcept nogil:
    cdef uint64_t bps
    # A probe whose feedback never comes must not stand in the way of the next.
    if estimator.probe.waiting and probe_judge(&estimator.probe, False, &bps, now_us) != PROBE_PENDING:
        probing_wait(estimator, now_us)


# --- the queue --------------------------------------------------------------------------------------------------------

cdef void watch_queue(Estimator* estimator, int64_t least_us, uint64_t now_us) noexcept nogil:
    """Measure the queueing delay: the fastest packet of this feedback against the fastest of the last 15 to 30 s."""
    cdef int64_t base_us
    if not estimator.has_base:
        estimator.has_base = True
        estimator.base_us[0] = estimator.base_us[1] = least_us
        estimator.base_begun_us = now_us
    elif now_us - estimator.base_begun_us > BASE_WINDOW_US:
        estimator.base_us[1] = estimator.base_us[0]
        estimator.base_us[0] = least_us
        estimator.base_begun_us = now_us
    elif least_us < estimator.base_us[0]:
        estimator.base_us[0] = least_us
    base_us = estimator.base_us[0] if estimator.base_us[0] < estimator.base_us[1] else estimator.base_us[1]
    estimator.queue_before_us = estimator.queue_us
    estimator.queue_us = <uint64_t>(least_us - base_us) if least_us > base_us else 0
    if (
        estimator.queue_us > QUEUE_FULL_US
        and estimator.queue_us > estimator.queue_before_us + SWELLING_US
        and arrivals_bps(&estimator.delivered, RECENT_US) < OVERFLOWING * arrivals_bps(&estimator.offered, RECENT_US)
    ):
        estimator.swellings += 1
    else:
        estimator.swellings = 0
    estimator.standing = estimator.standing + 1 if estimator.queue_us > QUEUE_BUSY_US else 0
    if estimator.queue_us < QUEUE_CALM_US:
        estimator.competing_until_us = 0
    if estimator.competing_until_us != 0 and now_us >= estimator.competing_until_us:
        yield_to_queue(estimator, now_us)
    drain_queue(estimator, now_us)


cdef void drain_queue(Estimator* estimator, uint64_t now_us) noexcept nogil:
    """Send less while our own queue empties, for about a second.

    A queue that stays although we send as little as intended comes from another sender.
    """
    if estimator.drain_begun_us == 0:
        return
    if estimator.queue_us < QUEUE_CALM_US:
        estimator.drain_begun_us = 0
        estimator.drain = 1.0
        return
    if now_us - estimator.drain_begun_us > DRAIN_TIMEOUT_US:
        if estimator.queue_us * 10 > estimator.drain_from_us * 6 and sends_as_estimated(estimator):
            estimator.competing_until_us = now_us + COMPETING_US
            estimator.drain_begun_us = 0
            estimator.drain = 1.0
            if estimator.target_bps < estimator.drain_from_bps:
                estimator.target_bps = estimator.drain_from_bps    # sending less did not help
            return
        begin_drain(estimator, now_us)
    estimator.drain = 1.0
    if estimator.queue_us > QUEUE_LONG_US:
        estimator.drain = 1.0 - (estimator.queue_us - QUEUE_LONG_US) / 1e6
    if estimator.drain < LEAST_DRAIN:
        estimator.drain = LEAST_DRAIN


cdef void begin_drain(Estimator* estimator, uint64_t now_us) noexcept nogil:
    estimator.drain_begun_us = now_us
    estimator.drain_from_us = estimator.queue_us
    estimator.drain_from_bps = estimator.target_bps


cdef void yield_to_queue(Estimator* estimator, uint64_t now_us) noexcept nogil:
    """Send less after a while of competing, to find out if the queue is ours by now."""
    estimator.competing_until_us = 0
    begin_drain(estimator, now_us)
    lower_target(estimator, YIELD * estimator.target_bps, now_us)


cdef bint sends_as_estimated(const Estimator* estimator) noexcept nogil:
    """True when the rate sent lately is about the estimate, so that the queue's response to it is evidence."""
    cdef uint64_t bps = estimator_bps(estimator)
    if bps < SENT_ANYWAY_BPS:
        bps = SENT_ANYWAY_BPS
    return arrivals_bps(&estimator.offered, WINDOW_US) < MOST_OF_ESTIMATE * bps


cdef bint competes(const Estimator* estimator, uint64_t now_us) noexcept nogil:
    return now_us < estimator.competing_until_us


# --- the target -------------------------------------------------------------------------------------------------------

cdef void move_target(Estimator* estimator, uint64_t now_us) noexcept nogil:
    cdef double delivered_bps = arrivals_bps(&estimator.delivered, WINDOW_US)
    cdef double lossy_bps
    cdef bint measured = losses_update(&estimator.losses, now_us)
    if measured and competes(estimator, now_us) and estimator.losses.excess > LOSS_CALM:
        lower_target(estimator, estimator.target_bps * BACK_OFF, now_us)
    elif measured and losses_are_high(&estimator.losses):
        # The path carries the rate that still arrives.
        lossy_bps = estimator.target_bps * (1.0 - 0.5 * estimator.losses.excess)
        lower_target(estimator, lossy_bps if lossy_bps > BACK_OFF * delivered_bps else BACK_OFF * delivered_bps, now_us)
    if estimator.trend.use == USE_OVER or estimator.swellings >= SWELLINGS:
        # Against a flow that fills the queue until it overflows, sending less for delay ends at nothing: then only
        # loss counts.
        if is_congested(estimator) and not competes(estimator, now_us):
            back_off(estimator, now_us)
        estimator.changed_us = now_us
    elif (estimator.trend.use == USE_NORMAL or competes(estimator, now_us)) and estimator.losses.excess < LOSS_CALM:
        increase(estimator, delivered_bps, now_us)
    else:
        estimator.changed_us = now_us
    if estimator.target_bps < FLOOR_BPS:
        estimator.target_bps = FLOOR_BPS


cdef double steadily_offered_bps(const Estimator* estimator) noexcept nogil:
    """Lesser of the rates sent in the last 200 ms and the 300 ms before: a key frame falls into one of the two."""
    cdef double recent_bps = arrivals_bps(&estimator.offered, RECENT_US)
    cdef double whole_bps = arrivals_bps(&estimator.offered, WINDOW_US)
    cdef double before_bps = (whole_bps * WINDOW_US - recent_bps * RECENT_US) / (WINDOW_US - RECENT_US)
    return recent_bps if recent_bps < before_bps else before_bps


cdef bint is_congested(const Estimator* estimator) noexcept nogil:
    """True when overuse is not jitter or a key frame of a small stream: those arrive in full and leave no queue."""
    if estimator.swellings >= SWELLINGS or estimator.standing >= STANDING:
        return True
    return steadily_offered_bps(estimator) > ROOM * estimator_bps(estimator)


cdef bint queue_is_anothers(const Estimator* estimator, double arrival_bps) noexcept nogil:
    """True when we send much less than we might, and all of it arrives: another sender fills the queue."""
    cdef double offered_bps = arrivals_bps(&estimator.offered, RECENT_US)
    return offered_bps < ROOM * estimator.target_bps and arrival_bps > OVERFLOWING * offered_bps


cdef void back_off(Estimator* estimator, uint64_t now_us) noexcept nogil:
    """Lower the target to 0.85 of the recent arrival rate, once a round trip."""
    cdef uint64_t spacing_us = estimator.rtt_us
    cdef double target_bps
    cdef double arrival_bps = arrivals_bps(&estimator.delivered, RECENT_US)
    if spacing_us < MIN_RTT_US:
        spacing_us = MIN_RTT_US
    elif spacing_us > MAX_RTT_US:
        spacing_us = MAX_RTT_US
    if arrival_bps <= 0.0 or now_us - estimator.decreased_us < spacing_us:
        return
    capacity_learn(&estimator.capacity, arrival_bps)
    probing_note_overuse(estimator, arrival_bps, now_us)
    target_bps = BACK_OFF * arrival_bps
    if queue_is_anothers(estimator, arrival_bps):
        target_bps = BACK_OFF * estimator.target_bps   # the arrival rate says nothing of the room there is
    if estimator.drain_begun_us != 0 and target_bps < YIELD * estimator.drain_from_bps:
        target_bps = YIELD * estimator.drain_from_bps  # enough to see if the queue follows
    lower_target(estimator, target_bps, now_us)
    if estimator.drain_begun_us == 0 and estimator.queue_us > QUEUE_BUSY_US:
        begin_drain(estimator, now_us)
        drain_queue(estimator, now_us)


cdef void increase(Estimator* estimator, double delivered_bps, uint64_t now_us) noexcept nogil:
    """Raise the target while media uses it: multiplicatively, or by a packet a round trip near the known capacity."""
    cdef double passed_s = (now_us - estimator.changed_us) / 1e6
    cdef double step_bps, most_bps, taken_bps
    estimator.changed_us = now_us
    if passed_s > 1.0:
        passed_s = 1.0
    taken_bps = TAKEN * delivered_bps
    if taken_bps > estimator.desired_bps:
        taken_bps = estimator.desired_bps
    if estimator.queue_us < QUEUE_CALM_US and estimator.target_bps < taken_bps:
        estimator.target_bps = taken_bps   # it arrived without a queue: the path carries it
    if not competes(estimator, now_us) and (
            delivered_bps < ROOM * estimator_bps(estimator) or estimator.queue_us > QUEUE_FULL_US):
        return
    capacity_exceed(&estimator.capacity, delivered_bps)
    if estimator.capacity.bps > 0.0 or competes(estimator, now_us):
        step_bps = PACKET_BITS * 1e6 / (estimator.rtt_us + 100000)
        if step_bps < MIN_STEP_BPS:
            step_bps = MIN_STEP_BPS
        step_bps *= passed_s
    else:
        step_bps = estimator.target_bps * (pow(GROWTH, passed_s) - 1.0)
        if step_bps < 1000.0 * passed_s:
            step_bps = 1000.0 * passed_s
    # A probe measures nothing in another's queue, so the target has to reach the next layer without one.
    most_bps = (COMPETING_AHEAD if competes(estimator, now_us) else MAX_AHEAD) * delivered_bps + 10000.0
    if estimator.target_bps + step_bps <= most_bps:
        estimator.target_bps += step_bps
