"""Commands about producers and the streams of their encodings."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Engine, Producer
from mediad._fastpath.engine.messages cimport CommandBody, Refusal

cdef Refusal open_producer(Engine* engine, uint32_t handle, const CommandBody* body, uint64_t now_us) noexcept nogil
cdef Refusal pause_producer(Engine* engine, Producer* producer, const CommandBody* body, uint64_t now_us) noexcept nogil
cdef Refusal close_producer(Engine* engine, Producer* producer, const CommandBody* body, uint64_t now_us) noexcept nogil
