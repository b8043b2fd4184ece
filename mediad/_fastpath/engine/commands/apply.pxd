"""Commands from Python, applied to the graph. Python has validated their values; their objects may be closed by now."""

from libc.stdint cimport uint64_t
from mediad._fastpath.engine.graph cimport Engine
from mediad._fastpath.engine.messages cimport Command

# Every command but the two about sockets, which belong to the loop.
cdef void engine_apply(Engine* engine, const Command* command, uint64_t now_us) noexcept nogil
