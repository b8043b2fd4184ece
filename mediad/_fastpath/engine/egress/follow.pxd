"""What a consumer is sent first of a stream that it begins to want."""

from libc.stdint cimport uint64_t
from mediad._fastpath.engine.graph cimport Consumer, Engine, ReceiveStream

# Replay the stream's newest key frame if that is recent, else ask for one.
cdef void follow_begin(Engine* engine, ReceiveStream* stream, Consumer* consumer, uint64_t now_us) noexcept nogil
