"""Answers to stats requests, as events."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Engine

# One STATS event per record, the last one marked; a single empty one when the object is gone.
cdef void tell_stats(Engine* engine, uint32_t handle, uint32_t kind, uint64_t request_id,
                     uint64_t now_us) noexcept nogil
