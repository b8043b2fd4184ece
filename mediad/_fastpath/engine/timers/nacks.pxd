"""NACKs: packets of one stream that are missing, asked for when their time has come."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Engine

# The timer of a stream's NACKs.
cdef void nacks_due(Engine* engine, uint32_t index, uint64_t now_us) noexcept nogil
