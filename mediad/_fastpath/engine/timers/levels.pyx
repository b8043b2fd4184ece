"""Audio levels of one producer, told as a mean."""

from libc.stdint cimport int32_t, uint32_t, uint64_t
from mediad._fastpath.base.wheel cimport wheel_arm
from mediad._fastpath.engine.events cimport emit_news, event_begin
from mediad._fastpath.engine.graph cimport Engine, Producer, level_timer
from mediad._fastpath.engine.messages cimport EVENT_LEVEL, Event

cdef enum:
    LEVEL_INTERVAL_US = 800000
    LEVEL_MIN_PACKETS = 10


cdef void level_due(Engine* engine, uint32_t index, uint64_t now_us) noexcept nogil:
    cdef Event event
    cdef Producer* producer = &engine.producers[index]
    if producer.handle == 0:
        return
    wheel_arm(&engine.wheel, level_timer(engine, index), now_us + LEVEL_INTERVAL_US)
    if producer.level_count >= LEVEL_MIN_PACKETS:
        event_begin(&event, EVENT_LEVEL, producer.handle)
        event.body.level.dbov = -<int32_t>(producer.level_sum // producer.level_count)
        emit_news(engine, &event)
    producer.level_sum = 0
    producer.level_count = 0
