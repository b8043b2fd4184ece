"""Reports of one transport, once a second, on received and sent streams, and the scores of both."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Engine

# The timer of a transport's reports.
cdef void reports_due(Engine* engine, uint32_t index, uint64_t now_us) noexcept nogil
