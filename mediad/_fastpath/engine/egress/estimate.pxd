"""Bandwidth estimation of each transport: the estimator gets packets sent and reports, Python gets the estimate.

Transports without ICE have none, so nothing is paced or probed there.
"""

from libc.stdint cimport uint16_t, uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Consumer, Engine, Transport
from mediad._fastpath.stream.estimator cimport estimator_bps, estimator_sent
from mediad._fastpath.stream.estimator_state cimport SOURCE_NONE
from mediad._fastpath.stream.pacer cimport PacedKind, pacer_spend
from mediad._fastpath.wire.rtcp cimport RtcpBlock
from mediad._fastpath.wire.rtp cimport EXT_TRANSPORT_CC

# False: the feedback is malformed. `idle`: see stream/estimator.
cdef bint bandwidth_feedback(Engine* engine, Transport* transport, const RtcpBlock* block, uint32_t* idle,
                             uint64_t now_us) noexcept nogil
cdef void bandwidth_remb(Engine* engine, Transport* transport, const RtcpBlock* block, uint64_t now_us) noexcept nogil
# The timer of news that wait.
cdef void estimate_news_due(Engine* engine, uint32_t transport, uint64_t now_us) noexcept nogil
# Once a second.
cdef void bandwidth_tick(Engine* engine, Transport* transport, uint64_t now_us) noexcept nogil


cdef inline uint64_t available_bps(const Transport* transport) noexcept nogil:
    """Return the estimate; 0 while the peer has reported nothing to make one from."""
    return 0 if transport.estimator.source == SOURCE_NONE else estimator_bps(&transport.estimator)


cdef inline uint64_t path_bps(const Transport* transport) noexcept nogil:
    """Return the bitrate that the pacer keeps: the estimate, or the rate of a probe, which is faster on purpose."""
    if transport.estimator.probe.sending:
        return transport.estimator.probe.target_bps
    return available_bps(transport)


cdef bint hold_by_pace(Engine* engine, Transport* transport, PacedKind kind, const Consumer* consumer,
                       uint16_t sequence_number, uint32_t bytes, uint64_t bps, uint64_t now_us) noexcept nogil


cdef inline bint hold_packet(Engine* engine, Transport* transport, PacedKind kind, const Consumer* consumer,
                             uint16_t sequence_number, uint32_t bytes, uint64_t now_us) noexcept nogil:
    """Hold back a packet of a video consumer; True when it leaves later, by the pace timer (engine/egress/pace)."""
    cdef uint64_t bps = path_bps(transport)
    return bps != 0 and hold_by_pace(engine, transport, kind, consumer, sequence_number, bytes, bps, now_us)


cdef inline void log_sent(Transport* transport, const Consumer* consumer, uint32_t length,
                          uint64_t now_us) noexcept nogil:
    """Count a datagram that leaves, under the next transport-cc number if the consumer has the extension."""
    cdef uint64_t bps = path_bps(transport)
    if bps:
        pacer_spend(&transport.pacer, length, bps, now_us)
    if consumer.extension_ids[<int>EXT_TRANSPORT_CC]:
        estimator_sent(&transport.estimator, transport.transport_cc_sequence, length, now_us)
        transport.transport_cc_sequence += 1
