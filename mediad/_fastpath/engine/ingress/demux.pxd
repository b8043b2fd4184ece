"""Entry of the engine for one received datagram: demultiplex, authenticate, account, forward."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.base.table cimport Address
from mediad._fastpath.engine.graph cimport Engine

# `slot` of the engine's pool holds `length` bytes that came from `source`. The caller keeps its reference on the slot.
cdef void engine_receive(Engine* engine, uint32_t slot, uint32_t length, const Address* source,
                         uint64_t now_us) noexcept nogil
# The same for a datagram that a throttle has held.
cdef void receive_datagram(Engine* engine, uint32_t slot, uint32_t length, const Address* source,
                           uint64_t now_us) noexcept nogil
