"""Packets that leave by a timer: those the pacer held back, and the padding of a probe while one is sent."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Engine

# The pace timer of a transport fired.
cdef void pace_expired(Engine* engine, uint32_t index, uint64_t now_us) noexcept nogil
