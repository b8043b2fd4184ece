"""What the path to one receiver can carry: delay, loss, arrival rate and probes made into one number.

Google congestion control (draft-ietf-rmcat-gcc-02) where it fits a server that forwards, and other than it in five
points. What is sent is seldom what could be sent, so the estimate rises by probes alone while the media leaves room,
and a nervous detector does not pull it down to a small stream's rate. A queue that stands is emptied by aiming below
the estimate for a moment. Loss counts above what the path loses anyway (stream/losses). Silence is an outage, not
congestion. A queue that grows by a round trip's worth is seen before the trend of delays shows it.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from mediad._fastpath.stream.arrivals cimport ArrivalRate
from mediad._fastpath.stream.delay_trend cimport DelayTrend
from mediad._fastpath.stream.losses cimport LossWatch
from mediad._fastpath.stream.probe cimport Probe
from mediad._fastpath.stream.sent_log cimport SentLog
from mediad._fastpath.wire.rtcp cimport RtcpBlock

cpdef enum EstimateSource:
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
    # where overuse set in lately (draft section 5.5): mean and variance of the arrival rate then
    double capacity_bps        # 0 = unknown
    double capacity_variance   # relative to the mean
    # probes
    uint64_t next_probe_us
    uint64_t probe_interval_us
    uint32_t low_probes        # in a row that measured far below the target
    uint64_t raised_us         # when a probe raised the target last
    uint64_t raised_bps
    uint64_t probe_us          # how long probes are: longer after a short one promised more than the path keeps
    uint64_t fooled_us
    ArrivalRate delivered
    ArrivalRate offered        # what of it was sent, by sending time
    LossWatch losses
    DelayTrend trend
    Probe probe
    SentLog log

# start_bps: what to believe before the first news.
cdef void estimator_init(Estimator* estimator, uint64_t start_bps) noexcept nogil
# The same for memory that is zeros already: the log's pages stay untouched until something is sent.
cdef void estimator_begin(Estimator* estimator, uint64_t start_bps) noexcept nogil
# A datagram of `bytes` left under this transport-cc number.
cdef void estimator_sent(Estimator* estimator, uint16_t sequence_number, uint32_t bytes,
                         uint64_t now_us) noexcept nogil
# A transport-cc feedback packet; false when it is malformed. `idle` statuses that tell nothing new are looked at, and
# counted down; once there are no more, runs of such are passed over.
cdef bint estimator_feedback(Estimator* estimator, const RtcpBlock* block, uint32_t* idle,
                             uint64_t now_us) noexcept nogil
cdef void estimator_remb(Estimator* estimator, uint64_t bps, uint64_t now_us) noexcept nogil
# Now and then, at least once a second: what follows from silence.
cdef void estimator_tick(Estimator* estimator, uint64_t now_us) noexcept nogil
# A queue stands on the path that does not empty soon enough by itself.
cdef bint estimator_drains(const Estimator* estimator) noexcept nogil
cdef uint64_t estimator_bps(const Estimator* estimator) noexcept nogil
cdef uint64_t estimator_delivered_bps(const Estimator* estimator) noexcept nogil
# Start a probe cluster if one is worth it now. While one is sent, estimator_padding says how many bytes it lacks.
cdef bint estimator_start_probe(Estimator* estimator, uint64_t now_us) noexcept nogil
cdef uint32_t estimator_padding(Estimator* estimator, uint64_t now_us) noexcept nogil
