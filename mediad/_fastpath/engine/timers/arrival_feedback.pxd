"""Transport-cc feedback to a peer about the packets that came since the last."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Engine

# The timer of a transport's feedback.
cdef void feedback_due(Engine* engine, uint32_t index, uint64_t now_us) noexcept nogil
