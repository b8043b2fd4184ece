"""First packets of a stream that a consumer begins to follow: a stored key frame, or a request for a new one."""

from libc.stdint cimport uint64_t
from mediad._fastpath.engine.graph cimport Consumer, Engine, ReceiveStream

# Replay the stream's newest key frame if that is recent, else ask for one.
cdef void follow_begin(Engine* engine, ReceiveStream* stream, Consumer* consumer, uint64_t now_us) noexcept nogil
