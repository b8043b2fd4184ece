"""Key frame requests to a sender, as often as stream/keyframes allows."""

from libc.stdint cimport uint64_t
from mediad._fastpath.engine.graph cimport Consumer, Engine, ReceiveStream

# Some consumer cannot show `stream` without a key frame.
cdef void demand_keyframe(Engine* engine, ReceiveStream* stream, uint64_t now_us) noexcept nogil
# This consumer cannot show what it is to be sent without one. Audio has none.
cdef void demand_target(Engine* engine, const Consumer* consumer, uint64_t now_us) noexcept nogil
# The stream's key frame timer fired.
cdef void demand_expired(Engine* engine, ReceiveStream* stream, uint64_t now_us) noexcept nogil
