"""Test window into bandwidth estimation: a class for each struct."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from mediad._fastpath.stream cimport (
    arrivals, capacity, delay_trend, estimator, estimator_state, link, losses, pacer, probe, probing, sent_log,
)
from mediad._fastpath.wire.rtcp cimport RtcpBlock, rtcp_next
from mediad._fastpath.wire.transport_cc cimport (
    FeedbackReader, PacketStatus, feedback_next, feedback_open, feedback_unwrap,
)


cdef bint first_block(bytes data, RtcpBlock* block):
    cdef uint32_t cursor = 0
    cdef bint malformed = False
    return rtcp_next(<const uint8_t*>data, <uint32_t>len(data), &cursor, block, &malformed)


def read_feedback(bytes data):
    """Return [(sequence number, arrival µs or None)] of one RTCP packet, or None when it is refused."""
    cdef RtcpBlock block
    cdef FeedbackReader reader
    cdef PacketStatus status
    if not first_block(data, &block) or not feedback_open(&reader, &block):
        return None
    statuses = []
    while feedback_next(&reader, &status):
        statuses.append((status.sequence_number, status.arrival_us if status.received else None))
    return statuses


def unwrap_arrival(int64_t last_us, int64_t arrival_us):
    return feedback_unwrap(last_us, arrival_us)


cdef class SentLog:
    cdef sent_log.SentLog state

    def __init__(self):
        sent_log.sent_log_init(&self.state)

    def add(self, uint16_t sequence_number, uint32_t size, uint64_t now_us, uint8_t cluster=0):
        sent_log.sent_log_add(&self.state, sequence_number, size, cluster, now_us)

    def find(self, uint16_t sequence_number, uint64_t now_us):
        """Return (sent µs, bytes, cluster, fate) or None."""
        cdef sent_log.SentRecord* record = sent_log.sent_log_find(&self.state, sequence_number)
        if record == NULL:
            return None
        return sent_log.sent_log_time(record, now_us), record.bytes, record.cluster, record.fate


cdef class DelayTrend:
    cdef delay_trend.DelayTrend state

    def __init__(self):
        delay_trend.delay_trend_init(&self.state)

    def add(self, int64_t sent_us, int64_t arrival_us):
        delay_trend.delay_trend_add(&self.state, sent_us, arrival_us)
        return self.state.use

    def skip(self):
        delay_trend.delay_trend_skip(&self.state)

    @property
    def use(self):
        return self.state.use

    @property
    def threshold_ms(self):
        return self.state.threshold_ms

    @property
    def slope(self):
        return self.state.slope


cdef class Arrivals:
    cdef arrivals.ArrivalRate state

    def __init__(self):
        arrivals.arrivals_init(&self.state)

    def add(self, int64_t at_us, uint32_t size):
        arrivals.arrivals_add(&self.state, at_us, size)

    def bps(self, uint32_t window_us):
        return arrivals.arrivals_bps(&self.state, window_us)


cdef class Losses:
    cdef losses.LossWatch state

    def __init__(self):
        losses.losses_init(&self.state)

    def add(self, bint lost):
        losses.losses_add(&self.state, lost)

    def found(self):
        losses.losses_found(&self.state)

    def update(self, uint64_t now_us):
        """Return (fraction, excess) of a complete interval, or None."""
        if not losses.losses_update(&self.state, now_us):
            return None
        return self.state.fraction, self.state.excess

    @property
    def high(self):
        return bool(losses.losses_are_high(&self.state))


cdef class Capacity:
    cdef capacity.Capacity state

    def learn(self, double arrival_bps):
        capacity.capacity_learn(&self.state, arrival_bps)

    def exceed(self, double bps):
        capacity.capacity_exceed(&self.state, bps)

    @property
    def bps(self):
        return self.state.bps

    @property
    def variance(self):
        return self.state.variance


cdef class Probe:
    cdef probe.Probe state

    def begin(self, uint64_t target_bps, uint64_t now_us, uint64_t duration_us = probe.PROBE_US):
        probe.probe_begin(&self.state, target_bps, duration_us, now_us)

    def owed(self, uint64_t now_us):
        return probe.probe_owed(&self.state, now_us)

    def sent(self, uint32_t size, uint64_t now_us):
        probe.probe_sent(&self.state, size, now_us)

    def lost(self):
        probe.probe_lost(&self.state)

    def received(self, uint32_t size, int64_t sent_us, int64_t arrival_us):
        probe.probe_received(&self.state, size, sent_us, arrival_us)

    def judge(self, uint64_t now_us, bint later=False):
        """Return (ProbeVerdict, bps)."""
        cdef uint64_t bps
        cdef probe.ProbeVerdict verdict = probe.probe_judge(&self.state, later, &bps, now_us)
        return verdict, bps

    @property
    def sending(self):
        return bool(self.state.sending)

    @property
    def waiting(self):
        return bool(self.state.waiting)

    @property
    def packet_bytes(self):
        return self.state.packet_bytes

    @property
    def cluster(self):
        return self.state.cluster


cdef class Estimator:
    cdef estimator_state.Estimator state

    def __init__(self, start_bps: int = 600_000):
        estimator.estimator_init(&self.state, start_bps)

    def sent(self, uint16_t sequence_number, uint32_t size, uint64_t now_us):
        estimator.estimator_sent(&self.state, sequence_number, size, now_us)

    def feedback(self, bytes data, uint64_t now_us):
        """Take in one RTCP packet; False when it is refused."""
        cdef RtcpBlock block
        cdef uint32_t idle = 1024
        return first_block(data, &block) and bool(estimator.estimator_feedback(&self.state, &block, &idle, now_us))

    def remb(self, uint64_t bps, uint64_t now_us):
        estimator.estimator_remb(&self.state, bps, now_us)

    def tick(self, uint64_t now_us):
        estimator.estimator_tick(&self.state, now_us)

    def start_probe(self, uint64_t now_us):
        return bool(probing.probing_start(&self.state, now_us))

    def padding(self, uint64_t now_us):
        return probing.probing_padding(&self.state, now_us)

    @property
    def bps(self):
        return estimator.estimator_bps(&self.state)

    @property
    def delivered_bps(self):
        return estimator.estimator_delivered_bps(&self.state)

    @property
    def source(self):
        return self.state.source

    @property
    def probing(self):
        return bool(self.state.probe.sending)

    @property
    def probe_packet_bytes(self):
        return self.state.probe.packet_bytes

    @property
    def inside(self):
        """State to study a run by: target, drain, queue µs, use, threshold, loss excess, capacity, competing."""
        return {
            "target": self.state.target_bps, "drain": self.state.drain, "queue_us": self.state.queue_us,
            "use": self.state.trend.use, "threshold_ms": self.state.trend.threshold_ms,
            "excess": self.state.losses.excess, "capacity": self.state.capacity.bps,
            "competing": self.state.competing_until_us, "clusters": self.state.probe.cluster,
        }

    @property
    def desired_bps(self):
        return self.state.desired_bps

    @desired_bps.setter
    def desired_bps(self, uint64_t bps):
        self.state.desired_bps = bps


cdef class Pacer:
    cdef pacer.Pacer state

    def spend(self, uint32_t size, uint64_t path_bps, uint64_t now_us):
        pacer.pacer_spend(&self.state, size, path_bps, now_us)

    @property
    def careful(self):
        return self.state.careful

    @careful.setter
    def careful(self, bint careful):
        self.state.careful = careful

    def affords_repair(self, uint32_t size, uint64_t path_bps, uint64_t now_us, bint video=True):
        return bool(pacer.pacer_affords_repair(&self.state, size, video, path_bps, now_us))

    def must_wait(self, int kind, uint64_t path_bps, uint64_t now_us):
        return bool(pacer.pacer_must_wait(&self.state, <pacer.PacedKind>kind, path_bps, now_us))

    def hold(self, int kind, uint32_t consumer, uint16_t sequence_number, uint32_t size):
        return bool(pacer.pacer_hold(&self.state, <pacer.PacedKind>kind, consumer, sequence_number, size))

    def next(self, uint64_t path_bps, uint64_t now_us):
        """Return (PacedKind, consumer, sequence number, bytes) or None."""
        cdef pacer.PacedPacket packet
        cdef pacer.PacedKind kind
        if not pacer.pacer_next(&self.state, &packet, &kind, path_bps, now_us):
            return None
        return kind, packet.consumer, packet.sequence_number, packet.bytes

    @property
    def waits(self):
        return bool(pacer.pacer_waits(&self.state))


cdef class Link:
    """One direction of an emulated network."""

    cdef link.Link* state

    def __cinit__(self, uint64_t dice=1):
        self.state = <link.Link*>calloc(1, sizeof(link.Link))
        if self.state == NULL:
            raise MemoryError
        self.state.dice = dice

    def __dealloc__(self):
        free(self.state)

    def set(self, uint64_t rate_bps=0, uint32_t delay_us=0, uint32_t loss_ppm=0):
        cdef link.LinkSettings settings = link.LinkSettings(rate_bps, delay_us, loss_ppm)
        link.link_set(self.state, &settings)

    def send(self, bytes data, uint64_t now_us):
        """Return the verdict: 0 passed, 1 held, 2 lost, 3 full."""
        return <int>link.link_send(self.state, <const uint8_t*>data, <uint32_t>len(data), NULL, now_us)

    @property
    def due(self):
        return link.link_due(self.state)

    def arrived(self, uint64_t now_us):
        """Return the next packet that has arrived; None when there is none."""
        cdef const link.HeldPacket* packet = link.link_arrived(self.state, now_us)
        return None if packet == NULL else (<const char*>packet.bytes)[:packet.length]
