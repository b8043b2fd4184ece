"""Budgets of events about changes, and their timers."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy
from mediad._fastpath.base.wheel cimport wheel_arm_sooner
from mediad._fastpath.engine.events cimport emit, emit_news, event_begin, news_have_room
from mediad._fastpath.engine.graph cimport (
    ALL_LAYERS, NONE, Consumer, Engine, News, Producer, ReceiveStream, consumer_index, consumer_news_timer,
    stream_news_timer,
)
from mediad._fastpath.engine.counts cimport COUNT_NEWS_DELAYED
from mediad._fastpath.engine.messages cimport (
    EVENT_BITRATES, EVENT_CONSUMER_SCORE, EVENT_LAYERS, EVENT_STREAM, MAX_ENCODINGS, Event,
)
from mediad._fastpath.stream.layer_rates cimport layer_rates_news

# How often, for as long as they change, and for how long a quiet object may tell at once, in intervals.
cdef enum:
    STREAM_US = 500000
    STREAM_AT_ONCE = 3
    SCORE_US = 500000
    SCORE_AT_ONCE = 2
    LAYERS_US = 500000
    LAYERS_AT_ONCE = 6             # a stream that begins goes up through its layers
    VIDEO_BITRATES_US = 250000
    AUDIO_BITRATES_US = 1000000
    FULL_US = 10000                # until the ring is looked at again for room


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
    cdef Event event
    cdef uint32_t timer = stream_news_timer(engine, stream.producer * MAX_ENCODINGS + stream.encoding)
    if may_tell(engine, &stream.news, timer, STREAM_US, STREAM_AT_ONCE, now_us):
        event_begin(&event, EVENT_STREAM, engine.producers[stream.producer].handle)
        event.body.stream.encoding = stream.encoding
        event.body.stream.ssrc = stream.receiver.ssrc
        event.body.stream.score = stream.receiver.score
        event.body.stream.active = stream.receiver.is_active
        emit_news(engine, &event)


cdef void tell_score(Engine* engine, Consumer* consumer, uint64_t now_us) noexcept nogil:
    cdef Event event
    if may_tell(engine, &consumer.score_news, consumer_news_timer(engine, consumer_index(engine, consumer)), SCORE_US,
                SCORE_AT_ONCE, now_us):
        event_begin(&event, EVENT_CONSUMER_SCORE, consumer.handle)
        event.body.consumer_score.score = consumer.sender.score
        emit_news(engine, &event)


cdef void tell_layers(Engine* engine, Consumer* consumer, uint64_t now_us) noexcept nogil:
    cdef Event event
    if not may_tell(engine, &consumer.layers_news, consumer_news_timer(engine, consumer_index(engine, consumer)),
                    LAYERS_US, LAYERS_AT_ONCE, now_us):
        return
    event_begin(&event, EVENT_LAYERS, consumer.handle)
    event.body.layers.encoding = consumer.current
    event.body.layers.temporal_layer = consumer.announced_temporal if consumer.current >= 0 else ALL_LAYERS
    event.body.layers.spatial_layer = consumer.announced_spatial if consumer.current >= 0 else ALL_LAYERS
    emit_news(engine, &event)


cdef void tell_bitrates(Engine* engine, ReceiveStream* stream, uint64_t now_us) noexcept nogil:
    cdef Producer* producer = &engine.producers[stream.producer]
    cdef Event event
    # A full ring keeps the news: the next packet finds them again.
    if (producer.first_consumer == NONE and producer.encoding_count == 1) or not news_have_room(engine) or (
            not layer_rates_news(&stream.rates, VIDEO_BITRATES_US if producer.video else AUDIO_BITRATES_US, now_us)):
        return
    event_begin(&event, EVENT_BITRATES, producer.handle)
    event.body.bitrates.encoding = stream.encoding
    memcpy(event.body.bitrates.bps, stream.rates.told_bps, sizeof(stream.rates.told_bps))
    emit(engine, &event)


cdef void stream_news_due(Engine* engine, uint32_t stream, uint64_t now_us) noexcept nogil:
    if engine.streams[stream].news.waiting:
        tell_stream(engine, &engine.streams[stream], now_us)


cdef void consumer_news_due(Engine* engine, uint32_t consumer, uint64_t now_us) noexcept nogil:
    if engine.consumers[consumer].layers_news.waiting:
        tell_layers(engine, &engine.consumers[consumer], now_us)
    if engine.consumers[consumer].score_news.waiting:
        tell_score(engine, &engine.consumers[consumer], now_us)
