"""Feeding of estimators with reports, starting of probes, and events about estimates."""

from libc.stdint cimport uint16_t, uint32_t, uint64_t
from mediad._fastpath.base.wheel cimport wheel_arm, wheel_arm_sooner
from mediad._fastpath.engine.egress.keyframe_requests cimport demand_keyframe
from mediad._fastpath.engine.events cimport emit_news, event_begin
from mediad._fastpath.engine.graph cimport (
    NONE, Consumer, Engine, Transport, pace_timer, transport_index, transport_news_timer,
)
from mediad._fastpath.engine.messages cimport EVENT_ESTIMATE, MAX_ENCODINGS, Event
from mediad._fastpath.engine.news cimport may_tell
from mediad._fastpath.engine.egress.probation cimport probation_ready
from mediad._fastpath.stream.estimator cimport (
    estimator_delivered_bps, estimator_drains, estimator_feedback, estimator_remb, estimator_tick,
)
from mediad._fastpath.stream.pacer cimport PacedKind, pacer_hold, pacer_must_wait
from mediad._fastpath.stream.probing cimport probing_start
from mediad._fastpath.wire.rtcp cimport RtcpBlock, rtcp_remb

cdef enum:
    TELL_US = 1000000              # an estimate that has not moved
    FALL_PERCENT = 90              # of what was told last: news
    RISE_PERCENT = 115
    ESTIMATE_US = 200000
    ESTIMATE_AT_ONCE = 10          # a link that collapses, or opens, does so in steps
    HOLD_US = 5000


cdef bint bandwidth_feedback(Engine* engine, Transport* transport, const RtcpBlock* block, uint32_t* idle,
                             uint64_t now_us) noexcept nogil:
    cdef uint32_t outages = transport.estimator.outages
    if not transport.ice:
        return True                    # a server, or a tool that takes what it asked for
    if not estimator_feedback(&transport.estimator, block, idle, now_us):
        return False
    transport.pacer.careful = estimator_drains(&transport.estimator)
    if transport.estimator.outages != outages:
        refresh_pictures(engine, transport, now_us)
    tell_estimate(engine, transport, now_us)
    start_probe(engine, transport, now_us)
    return True


cdef void refresh_pictures(Engine* engine, Transport* transport, uint64_t now_us) noexcept nogil:
    """Ask for key frames: the path is back after an outage, and too much is missing to be sent again."""
    cdef uint32_t index = transport.first_consumer
    cdef Consumer* consumer
    while index != NONE:
        consumer = &engine.consumers[index]
        index = consumer.next_in_transport
        if consumer.video and not consumer.paused and consumer.current >= 0:
            demand_keyframe(engine, &engine.streams[consumer.producer * MAX_ENCODINGS + <uint32_t>consumer.current],
                            now_us)


cdef void bandwidth_remb(Engine* engine, Transport* transport, const RtcpBlock* block, uint64_t now_us) noexcept nogil:
    cdef uint64_t bps
    if transport.ice and rtcp_remb(block, &bps):
        estimator_remb(&transport.estimator, bps, now_us)
        tell_estimate(engine, transport, now_us)


cdef void bandwidth_tick(Engine* engine, Transport* transport, uint64_t now_us) noexcept nogil:
    if not transport.ice:
        return
    estimator_tick(&transport.estimator, now_us)
    tell_estimate(engine, transport, now_us)
    start_probe(engine, transport, now_us)


cdef void start_probe(Engine* engine, Transport* transport, uint64_t now_us) noexcept nogil:
    if probation_ready(transport) and probing_start(&transport.estimator, now_us):
        wheel_arm(&engine.wheel, pace_timer(engine, transport_index(engine, transport)), now_us)


cdef void tell_estimate(Engine* engine, Transport* transport, uint64_t now_us) noexcept nogil:
    cdef uint64_t bps = available_bps(transport)
    cdef uint64_t told_bps = transport.told_estimate_bps
    cdef Event event
    if bps == 0 or transport.first_consumer == NONE:
        return
    if (
        now_us - transport.told_estimate_us < TELL_US
        and bps * 100 > told_bps * FALL_PERCENT
        and bps * 100 < told_bps * RISE_PERCENT
    ):
        return
    if not may_tell(engine, &transport.estimate_news,
                    transport_news_timer(engine, transport_index(engine, transport)), ESTIMATE_US, ESTIMATE_AT_ONCE,
                    now_us):
        return
    event_begin(&event, EVENT_ESTIMATE, transport.handle)
    event.body.estimate.available_bps = bps
    event.body.estimate.delivered_bps = estimator_delivered_bps(&transport.estimator)
    event.body.estimate.queue_us = transport.estimator.queue_us
    emit_news(engine, &event)
    transport.told_estimate_bps = bps
    transport.told_estimate_us = now_us


cdef void estimate_news_due(Engine* engine, uint32_t transport, uint64_t now_us) noexcept nogil:
    if engine.transports[transport].estimate_news.waiting:
        tell_estimate(engine, &engine.transports[transport], now_us)


cdef bint hold_by_pace(Engine* engine, Transport* transport, PacedKind kind, const Consumer* consumer,
                       uint16_t sequence_number, uint32_t bytes, uint64_t bps, uint64_t now_us) noexcept nogil:
    if not pacer_must_wait(&transport.pacer, kind, bps, now_us):
        return False
    if not pacer_hold(&transport.pacer, kind, consumer.handle, sequence_number, bytes):
        return False
    wheel_arm_sooner(&engine.wheel, pace_timer(engine, transport_index(engine, transport)), now_us + HOLD_US)
    return True
