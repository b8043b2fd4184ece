"""Audio levels of one producer, told as long as it is not silent.

Python decides who speaks from one event in 300 ms: a packet of the loudest producer must not cost it anything.
"""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.base.wheel cimport wheel_arm
from mediad._fastpath.engine.events cimport emit_news, event_begin
from mediad._fastpath.engine.graph cimport Engine, Producer, level_timer
from mediad._fastpath.engine.messages cimport EVENT_LEVEL, LEVEL_INTERVAL_US, Event
from mediad._fastpath.stream.level_meter cimport level_meter_take

cdef enum:
    SILENCE = 127                  # -dBov


cdef void level_due(Engine* engine, uint32_t index, uint64_t now_us) noexcept nogil:
    cdef Event event
    cdef Producer* producer = &engine.producers[index]
    if producer.handle == 0:
        return
    wheel_arm(&engine.wheel, level_timer(engine, index), now_us + LEVEL_INTERVAL_US)
    event_begin(&event, EVENT_LEVEL, producer.handle)
    event.body.level.packets = producer.levels.packets
    event.body.level.attenuation = producer.levels.attenuation
    event.body.level.steps = level_meter_take(&producer.levels, event.body.level.loudness)
    if event.body.level.attenuation < SILENCE * event.body.level.packets:
        emit_news(engine, &event)
