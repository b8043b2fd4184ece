"""Probing by one estimator: when a cluster starts and how fast it is, and how its result moves the target."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.stream.capacity cimport capacity_exceed
from mediad._fastpath.stream.delay_trend cimport USE_OVER
from mediad._fastpath.stream.estimator_state cimport (
    QUEUE_BUSY_US, SILENCE_US, SOURCE_TRANSPORT_CC, Estimator,
)
from mediad._fastpath.stream.losses cimport losses_are_high
from mediad._fastpath.stream.probe cimport (
    PROBE_CARRIED, PROBE_LOST, PROBE_PENDING, PROBE_SLOWED, PROBE_US, ProbeVerdict, probe_begin, probe_judge,
    probe_owed,
)

cdef enum:
    PROBE_FIRST_INTERVAL_US = 1000000
    PROBE_LAST_INTERVAL_US = 2500000
    PROBE_AFTER_DECREASE_US = 1000000
    PROBE_LONGEST_US = 800000
    FALSE_RAISE_WITHIN_US = 8000000    # a raise that ends in overuse so soon was a false one
    LONG_PROBES_US = 60000000          # after a false raise probes stay long for this time

cdef double PROBE_FIRST = 3.0
cdef double PROBE_STEP = 2.0
cdef double PROBE_CAREFUL = 1.5    # after one that found the path full
cdef double PROBE_ABOVE_DESIRED = 1.35
cdef double PROBE_LOW = 0.75
cdef double FALSE_RAISE = 1.5      # times what arrived when the path was full


cdef bint probing_start(Estimator* estimator, uint64_t now_us) noexcept nogil:
    cdef double most_bps = PROBE_ABOVE_DESIRED * estimator.desired_bps
    cdef double bps
    if (
        estimator.source != SOURCE_TRANSPORT_CC
        or estimator.probe.sending
        or estimator.probe.waiting
        or now_us < estimator.next_probe_us
        or estimator.target_bps >= estimator.desired_bps
        or now_us > estimator.feedback_us + SILENCE_US
        or estimator.trend.use == USE_OVER
        or estimator.drain_begun_us != 0
        or estimator.queue_us > QUEUE_BUSY_US
        or losses_are_high(&estimator.losses)
    ):
        return False
    if now_us > estimator.false_raise_us + LONG_PROBES_US:
        estimator.probe_us = PROBE_US
    if estimator.probe.cluster == 0:
        bps = PROBE_FIRST * estimator.target_bps
    elif estimator.probe_interval_us != 0 or estimator.probe_us != PROBE_US:
        bps = PROBE_CAREFUL * estimator.target_bps
    else:
        bps = PROBE_STEP * estimator.target_bps
    probe_begin(&estimator.probe, <uint64_t>(bps if bps < most_bps else most_bps), estimator.probe_us, now_us)
    return True


cdef uint32_t probing_padding(Estimator* estimator, uint64_t now_us) noexcept nogil:
    if estimator.probe.sending and estimator.queue_us > QUEUE_BUSY_US and estimator.probe.duration_us > PROBE_US:
        estimator.probe.duration_us = now_us - estimator.probe.begun_us    # the path is full: the result is known
    return probe_owed(&estimator.probe, now_us)


cdef void probing_wait(Estimator* estimator, uint64_t now_us) noexcept nogil:
    """Put the next probe off, longer each time: the last one raised nothing."""
    cdef uint64_t careful = 2 if estimator.probe_us > PROBE_US else 1
    if estimator.probe_interval_us == 0:
        estimator.probe_interval_us = PROBE_FIRST_INTERVAL_US
    elif estimator.probe_interval_us < PROBE_LAST_INTERVAL_US:
        estimator.probe_interval_us += estimator.probe_interval_us // 2
        if estimator.probe_interval_us > PROBE_LAST_INTERVAL_US:
            estimator.probe_interval_us = PROBE_LAST_INTERVAL_US
    if estimator.next_probe_us < now_us + estimator.probe_interval_us * careful:
        estimator.next_probe_us = now_us + estimator.probe_interval_us * careful


cdef void probing_judge(Estimator* estimator, bint later, uint64_t now_us) noexcept nogil:
    cdef uint64_t bps
    cdef ProbeVerdict verdict = probe_judge(&estimator.probe, later, &bps, now_us)
    if verdict == PROBE_PENDING:
        return
    if verdict != PROBE_LOST and bps > estimator.target_bps:
        estimator.target_bps = bps
        estimator.changed_us = estimator.raised_us = now_us
        estimator.raised_bps = bps
        capacity_exceed(&estimator.capacity, bps)
    if verdict == PROBE_CARRIED:
        estimator.low_probes = 0
        estimator.probe_interval_us = 0
        estimator.next_probe_us = now_us
        return
    if verdict == PROBE_SLOWED:
        # The path is full at this rate. A target far above it is outdated; two such probes are needed to be sure.
        estimator.low_probes = estimator.low_probes + 1 if bps < PROBE_LOW * estimator.target_bps else 0
        if estimator.low_probes >= 2:
            estimator.low_probes = 0
            lower_target(estimator, bps, now_us)
    probing_wait(estimator, now_us)


cdef void probing_note_overuse(Estimator* estimator, double arrival_bps, uint64_t now_us) noexcept nogil:
    """Take a raise that ends in overuse soon for a false one: probe longer from then on, and rise more slowly.

    A shaper with a deep bucket carries any short probe.
    """
    if (
        estimator.raised_us != 0
        and now_us - estimator.raised_us < FALSE_RAISE_WITHIN_US
        and estimator.raised_bps > FALSE_RAISE * arrival_bps
    ):
        estimator.raised_us = 0
        estimator.false_raise_us = now_us
        estimator.probe_us = estimator.probe_us * 4 if estimator.probe_us * 4 < PROBE_LONGEST_US else PROBE_LONGEST_US


cdef void lower_target(Estimator* estimator, double target_bps, uint64_t now_us) noexcept nogil:
    if target_bps < estimator.target_bps:
        estimator.target_bps = target_bps
    estimator.changed_us = estimator.decreased_us = now_us
    if estimator.next_probe_us < now_us + PROBE_AFTER_DECREASE_US:
        estimator.next_probe_us = now_us + PROBE_AFTER_DECREASE_US
