"""Commands about consumers: opening, closing, pausing, choosing the encoding and layers to follow."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Consumer, Engine
from mediad._fastpath.engine.messages cimport CommandBody, Refusal

cdef Refusal open_consumer(Engine* engine, uint32_t handle, const CommandBody* body, uint64_t now_us) noexcept nogil
cdef Refusal close_consumer(Engine* engine, Consumer* consumer, const CommandBody* body, uint64_t now_us) noexcept nogil
cdef Refusal set_consumer_sessions(Engine* engine, Consumer* consumer, const CommandBody* body,
                                   uint64_t now_us) noexcept nogil
cdef Refusal pause_consumer(Engine* engine, Consumer* consumer, const CommandBody* body, uint64_t now_us) noexcept nogil
cdef Refusal set_target(Engine* engine, Consumer* consumer, const CommandBody* body, uint64_t now_us) noexcept nogil
cdef Refusal request_key_frame(Engine* engine, Consumer* consumer, const CommandBody* body,
                               uint64_t now_us) noexcept nogil
