"""Expiry of the engine's timers: one per purpose, none per packet."""

from libc.stdint cimport uint64_t
from mediad._fastpath.engine.graph cimport Engine

cdef void engine_tick(Engine* engine, uint64_t now_us) noexcept nogil
# When engine_tick wants to be called next (µs); 0 = when something comes in.
cdef uint64_t engine_deadline(Engine* engine) noexcept nogil
