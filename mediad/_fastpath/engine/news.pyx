"""Bodies of news.pxd."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t
from mediad._fastpath.base.wheel cimport wheel_arm_sooner
from mediad._fastpath.engine.graph cimport (
    ALL_LAYERS, Consumer, Engine, News, ReceiveStream, consumer_index, consumer_news_timer, emit_values, news_have_room,
    stream_news_timer,
)
from mediad._fastpath.engine.messages cimport (
    COUNT_NEWS_DELAYED, EVENT_CONSUMER_SCORE, EVENT_LAYERS, EVENT_STREAM, MAX_ENCODINGS,
)

# How often, for as long as they change, and for how long a quiet object may tell at once, in intervals.
cdef enum:
    STREAM_US = 500000
    STREAM_AT_ONCE = 3
    SCORE_US = 500000
    SCORE_AT_ONCE = 2
    LAYERS_US = 500000
    LAYERS_AT_ONCE = 6             # a stream that begins climbs through its layers
    FULL_US = 10000                # look again whether the ring has room


cdef bint may_tell(Engine* engine, News* news, uint32_t timer, uint32_t interval_us, uint32_t at_once,
                   uint64_t now_us) noexcept nogil:
    cdef uint64_t allowed_us = now_us + <uint64_t>interval_us * (at_once - 1)
    cdef uint64_t due_us
    if not news_have_room(engine):
        due_us = now_us + FULL_US
    elif news.paced_us > allowed_us:
        due_us = now_us + (news.paced_us - allowed_us)
    else:
        news.waiting = False
        news.paced_us = (news.paced_us if news.paced_us > now_us else now_us) + interval_us
        return True
    if not news.waiting:
        engine.counts[<int>COUNT_NEWS_DELAYED] += 1
    news.waiting = True
    wheel_arm_sooner(&engine.wheel, timer, due_us)
    return False


cdef void tell_stream(Engine* engine, ReceiveStream* stream, uint64_t now_us) noexcept nogil:
    cdef uint32_t timer = stream_news_timer(engine, stream.producer * MAX_ENCODINGS + stream.encoding)
    if may_tell(engine, &stream.news, timer, STREAM_US, STREAM_AT_ONCE, now_us):
        emit_values(engine, EVENT_STREAM, engine.producers[stream.producer].handle, stream.encoding,
                    (<int64_t>stream.receiver.ssrc << 8) | stream.receiver.score, stream.receiver.is_active)


cdef void tell_score(Engine* engine, Consumer* consumer, uint64_t now_us) noexcept nogil:
    if may_tell(engine, &consumer.score_news, consumer_news_timer(engine, consumer_index(engine, consumer)), SCORE_US,
                SCORE_AT_ONCE, now_us):
        emit_values(engine, EVENT_CONSUMER_SCORE, consumer.handle, consumer.sender.score, 0, 0)


cdef void tell_layers(Engine* engine, Consumer* consumer, uint64_t now_us) noexcept nogil:
    cdef uint8_t spatial = ALL_LAYERS, temporal = ALL_LAYERS
    if not may_tell(engine, &consumer.layers_news, consumer_news_timer(engine, consumer_index(engine, consumer)),
                    LAYERS_US, LAYERS_AT_ONCE, now_us):
        return
    if consumer.current >= 0:
        spatial, temporal = consumer.announced_spatial, consumer.announced_temporal
    emit_values(engine, EVENT_LAYERS, consumer.handle, consumer.current, temporal, spatial)


cdef void stream_news_due(Engine* engine, uint32_t stream, uint64_t now_us) noexcept nogil:
    if engine.streams[stream].news.waiting:
        tell_stream(engine, &engine.streams[stream], now_us)


cdef void consumer_news_due(Engine* engine, uint32_t consumer, uint64_t now_us) noexcept nogil:
    if engine.consumers[consumer].layers_news.waiting:
        tell_layers(engine, &engine.consumers[consumer], now_us)
    if engine.consumers[consumer].score_news.waiting:
        tell_score(engine, &engine.consumers[consumer], now_us)
