"""Datagrams that a throttle has held for long enough: they come in, or leave."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Engine

# The timer of a transport's throttle.
cdef void throttle_due(Engine* engine, uint32_t index, uint64_t now_us) noexcept nogil
