"""State of one bandwidth estimate, which the files on estimating share: target, queue, capacity, probes."""

from libc.stdint cimport int64_t, uint32_t, uint64_t
from mediad._fastpath.stream.arrivals cimport ArrivalRate
from mediad._fastpath.stream.capacity cimport Capacity
from mediad._fastpath.stream.delay_trend cimport DelayTrend
from mediad._fastpath.stream.losses cimport LossWatch
from mediad._fastpath.stream.probe cimport Probe
from mediad._fastpath.stream.sent_log cimport SentLog

cdef enum:
    SILENCE_US = 1000000           # without feedback while sending: an outage
    QUEUE_BUSY_US = 60000          # a queue that is worth emptying

cdef enum EstimateSource:
    SOURCE_NONE = 0            # nothing was reported yet: bps is only the start value
    SOURCE_TRANSPORT_CC = 1
    SOURCE_REMB = 2

ctypedef struct Estimator:
    EstimateSource source
    double target_bps          # what the path carries
    double drain               # share of it to use while a queue is emptied: 0 < drain <= 1
    uint64_t desired_bps       # what would be sent if the path allowed; 0 = nothing more
    uint64_t remb_bps
    uint64_t feedback_us       # when transport-cc feedback came last; 0 = never
    uint64_t sent_us           # when a packet was sent last
    uint64_t unreported_us     # when the first was sent since feedback came; 0 = none
    uint32_t outages           # that what was sent ended in
    uint64_t changed_us        # last time the target was moved by AIMD
    uint64_t decreased_us
    uint64_t outage_until_us   # losses of packets sent before this tell nothing
    uint64_t rtt_us            # sending to feedback
    # queue on the way, as delay above the least of the last half minute
    bint has_base
    int64_t arrival_us         # unwrapped clock of the receiver's feedback
    int64_t base_us[2]         # least one-way difference of this and the window before
    uint64_t base_begun_us
    uint64_t queue_us
    uint64_t queue_before_us   # by the feedback before
    uint32_t swellings         # feedbacks in a row by which a long queue grew
    uint32_t standing          # feedbacks in a row by which a queue was there
    uint64_t drain_begun_us    # 0 = not draining
    uint64_t drain_from_us     # the queue then, and the target it was met with
    double drain_from_bps
    uint64_t competing_until_us    # the queue is another's: do not wait for it to empty
    Capacity capacity          # by where overuse set in lately
    # probes
    uint64_t next_probe_us
    uint64_t probe_interval_us
    uint32_t low_probes        # in a row that measured far below the target
    uint64_t raised_us         # when a probe raised the target last
    uint64_t raised_bps
    uint64_t probe_us          # how long probes are: longer after a false raise
    uint64_t false_raise_us    # when a raise last proved to be more than the path carries
    ArrivalRate delivered
    ArrivalRate offered        # what of it was sent, by sending time
    LossWatch losses
    DelayTrend trend
    Probe probe
    SentLog log
