"""Sending rate of a probe cluster, and the verdict on its arrival."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

cdef enum:
    LEAST_BYTES = 2000
    PACKETS = 8
    MIN_PACKET_BYTES = 240
    MAX_PACKET_BYTES = 1200
    LEAST_RECEIVED = 5
    MAX_SPAN_US = 1000000
    REPORT_TIMEOUT_US = 1500000    # without news of the cluster

cdef double SLOWED = 0.9
cdef double SLOWED_SHARE = 0.95    # of the arrival rate: what a full path carries without its queue growing
cdef double MAX_GAIN = 2.0         # arrived faster than this times its sending: held back and let go, not measured


cdef void probe_begin(Probe* probe, uint64_t target_bps, uint64_t duration_us, uint64_t now_us) noexcept nogil:
    cdef uint64_t bytes = target_bps * PROBE_US // 8000000
    cdef uint64_t least_us
    probe.cluster = probe.cluster + 1 if probe.cluster < 255 else 1
    probe.sending = True
    probe.waiting = False
    probe.target_bps = target_bps
    probe.begun_us = now_us
    probe.duration_us = duration_us
    if bytes < LEAST_BYTES:
        bytes = LEAST_BYTES
        least_us = bytes * 8000000 // (target_bps if target_bps else 1)
        probe.duration_us = least_us if least_us > duration_us else duration_us
    probe.packet_bytes = <uint32_t>(bytes // PACKETS)
    if probe.packet_bytes < MIN_PACKET_BYTES:
        probe.packet_bytes = MIN_PACKET_BYTES
    elif probe.packet_bytes > MAX_PACKET_BYTES:
        probe.packet_bytes = MAX_PACKET_BYTES
    probe.sent_packets = probe.sent_bytes = probe.told = 0
    probe.received = probe.received_bytes = 0


cdef uint32_t probe_owed(Probe* probe, uint64_t now_us) noexcept nogil:
    cdef uint64_t passed_us = now_us - probe.begun_us
    cdef uint64_t due
    if not probe.sending:
        return 0
    if passed_us > probe.duration_us:
        passed_us = probe.duration_us
    # One packet ahead: the first leaves at once, and the cluster's bytes less the last one fill its time.
    due = probe.target_bps * passed_us // 8000000 + probe.packet_bytes
    if due > probe.sent_bytes:
        return <uint32_t>(due - probe.sent_bytes)
    if passed_us == probe.duration_us:
        probe.sending = False
        probe.waiting = probe.sent_packets > 0
        probe.ended_us = now_us
    return 0


cdef void probe_sent(Probe* probe, uint32_t bytes, uint64_t now_us) noexcept nogil:
    probe.sent_packets += 1
    probe.sent_bytes += bytes


cdef void probe_lost(Probe* probe) noexcept nogil:
    probe.told += 1


cdef void probe_received(Probe* probe, uint32_t bytes, int64_t sent_us, int64_t arrival_us) noexcept nogil:
    probe.told += 1
    if probe.received == 0:
        probe.first_sent_us = sent_us
        probe.first_arrival_us = probe.last_arrival_us = arrival_us
        probe.first_bytes = bytes
    probe.received += 1
    probe.received_bytes += bytes
    probe.last_sent_us = sent_us
    probe.last_bytes = bytes
    if arrival_us > probe.last_arrival_us:
        probe.last_arrival_us = arrival_us


cdef ProbeVerdict measure(const Probe* probe, uint64_t* bps) noexcept nogil:
    """Compare bytes over time on both sides: the sender's without the last packet, the receiver's without the first."""
    cdef int64_t sent_us = probe.last_sent_us - probe.first_sent_us
    cdef int64_t arrival_us = probe.last_arrival_us - probe.first_arrival_us
    cdef double sent_bps, arrival_bps
    if (
        probe.received < LEAST_RECEIVED
        or probe.received * 10 < probe.sent_packets * 7
        or not 0 < sent_us <= MAX_SPAN_US
        or not 0 < arrival_us <= MAX_SPAN_US
    ):
        return PROBE_LOST
    sent_bps = (probe.received_bytes - probe.last_bytes) * 8e6 / sent_us
    arrival_bps = (probe.received_bytes - probe.first_bytes) * 8e6 / arrival_us
    if arrival_bps > MAX_GAIN * sent_bps:
        return PROBE_LOST
    if arrival_bps < SLOWED * sent_bps:
        bps[0] = <uint64_t>(SLOWED_SHARE * arrival_bps)
        return PROBE_SLOWED
    bps[0] = <uint64_t>(sent_bps if sent_bps < arrival_bps else arrival_bps)
    return PROBE_CARRIED


cdef ProbeVerdict probe_judge(Probe* probe, bint later, uint64_t* bps, uint64_t now_us) noexcept nogil:
    bps[0] = 0
    if not probe.waiting:
        return PROBE_PENDING
    if not later and probe.told < probe.sent_packets and now_us - probe.ended_us < REPORT_TIMEOUT_US:
        return PROBE_PENDING
    probe.waiting = False
    return measure(probe, bps)
