"""Audio levels of one producer, told as long as it is not silent."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Engine

# The timer of a producer's level.
cdef void level_due(Engine* engine, uint32_t index, uint64_t now_us) noexcept nogil
