"""Expiry of the engine's timers: one per purpose, none per packet."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.base.wheel cimport NO_TIMER, wheel_arm, wheel_deadline, wheel_expired
from mediad._fastpath.engine.egress.estimate cimport estimate_news_due
from mediad._fastpath.engine.egress.keyframe_requests cimport demand_expired
from mediad._fastpath.engine.egress.pace cimport pace_expired
from mediad._fastpath.engine.graph cimport (
    TIMER_CONSUMER_NEWS, TIMER_FEEDBACK, TIMER_KEEPER, TIMER_KEYFRAME, TIMER_LEVEL, TIMER_NACK, TIMER_PACE,
    TIMER_REPORT, TIMER_STREAM_NEWS, TIMER_THROTTLE, TIMER_TRANSPORT_NEWS, Engine, TimerPurpose, keeper_timer,
    timer_purpose,
)
from mediad._fastpath.engine.news cimport consumer_news_due, stream_news_due
from mediad._fastpath.engine.timers.arrival_feedback cimport feedback_due
from mediad._fastpath.engine.timers.held cimport throttle_due
from mediad._fastpath.engine.timers.levels cimport level_due
from mediad._fastpath.engine.timers.nacks cimport nacks_due
from mediad._fastpath.engine.timers.reports cimport reports_due
from mediad._fastpath.stream.history cimport stores_expire


cdef uint64_t engine_deadline(Engine* engine) noexcept nogil:
    return wheel_deadline(&engine.wheel)


cdef void engine_tick(Engine* engine, uint64_t now_us) noexcept nogil:
    cdef uint32_t timer, index
    cdef TimerPurpose purpose
    while True:
        timer = wheel_expired(&engine.wheel, now_us)
        if timer == NO_TIMER:
            return
        purpose = timer_purpose(engine, timer, &index)
        if purpose == TIMER_REPORT:
            reports_due(engine, index, now_us)
        elif purpose == TIMER_FEEDBACK:
            feedback_due(engine, index, now_us)
        elif purpose == TIMER_LEVEL:
            level_due(engine, index, now_us)
        elif purpose == TIMER_NACK:
            nacks_due(engine, index, now_us)
        elif purpose == TIMER_KEYFRAME:
            demand_expired(engine, &engine.streams[index], now_us)
        elif purpose == TIMER_PACE:
            pace_expired(engine, index, now_us)
        elif purpose == TIMER_TRANSPORT_NEWS:
            estimate_news_due(engine, index, now_us)
        elif purpose == TIMER_STREAM_NEWS:
            stream_news_due(engine, index, now_us)
        elif purpose == TIMER_CONSUMER_NEWS:
            consumer_news_due(engine, index, now_us)
        elif purpose == TIMER_KEEPER:
            expire_stores(engine, now_us)
        elif purpose == TIMER_THROTTLE:
            throttle_due(engine, index, now_us)


cdef void expire_stores(Engine* engine, uint64_t now_us) noexcept nogil:
    """Remove packets kept for repeats when their time is up, whether their stream goes on or not."""
    cdef uint64_t next_us = stores_expire(&engine.keeper, now_us)
    engine.keeper_waits = next_us != 0
    if engine.keeper_waits:
        wheel_arm(&engine.wheel, keeper_timer(engine), next_us)
