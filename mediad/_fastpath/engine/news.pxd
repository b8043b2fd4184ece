"""Events about objects that change: the first at once, then a limited number each second, and always the last state.

A peer decides with each packet how often its objects change. What that costs Python, the supervisor and other clients
may not be the peer's decision, so a change only marks the object. An object that has been quiet may tell several times
in a row without waiting; for others a timer tells, with the values of that moment. News that find the ring full wait as
well, so that no peer's news push out another's.
"""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Consumer, Engine, News, ReceiveStream

# Something of the object has changed.
cdef void tell_stream(Engine* engine, ReceiveStream* stream, uint64_t now_us) noexcept nogil
cdef void tell_score(Engine* engine, Consumer* consumer, uint64_t now_us) noexcept nogil
cdef void tell_layers(Engine* engine, Consumer* consumer, uint64_t now_us) noexcept nogil
# The bitrates of its layers, if they are news and a consumer receives them.
cdef void tell_bitrates(Engine* engine, ReceiveStream* stream, uint64_t now_us) noexcept nogil
# The timers of news that wait.
cdef void stream_news_due(Engine* engine, uint32_t stream, uint64_t now_us) noexcept nogil
cdef void consumer_news_due(Engine* engine, uint32_t consumer, uint64_t now_us) noexcept nogil
# Of any object: true when it may be told of now; else its timer tells it, for which `waiting` is set. A quiet object
# may tell `at_once` times in a row, one that is not, once each `interval_us`.
cdef bint may_tell(Engine* engine, News* news, uint32_t timer, uint32_t interval_us, uint32_t at_once,
                   uint64_t now_us) noexcept nogil
