"""Estimate of the bitrate that the path to one receiver carries, from delay, loss, arrival rate and probes.

Google congestion control (draft-ietf-rmcat-gcc-02) where it fits a server that forwards; it differs in five points.
A server seldom sends as much as it could, so the estimate rises by probes alone while the media leaves room, and
a false alarm of the detector does not lower it to a small stream's rate. A queue that stands is emptied by sending
less than the estimate for a moment. Loss counts above what the path loses anyway (stream/losses). Silence is an
outage, not congestion. A queue that grows by a round trip's worth is seen before the trend of delays shows it.
"""

from libc.stdint cimport uint16_t, uint32_t, uint64_t
from mediad._fastpath.stream.estimator_state cimport Estimator
from mediad._fastpath.wire.rtcp cimport RtcpBlock

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
