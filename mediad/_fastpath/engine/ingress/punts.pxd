"""Budgets and shares of the STUN, DTLS and SCTP datagrams that go up to Python.

Looking at one costs Python a hundred microseconds to a millisecond, so a flood ends here. Each validated path has a
budget of checks of its own; addresses that are not validated share others, by transport and host, by transport, by host
and altogether; each transport has a budget of DTLS records, and another of those that carry data channels. Each
transport has a share of the ring besides; strangers leave half of it free, data more than that. The time of a dropped
check is kept: its sender must not be taken for gone.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from mediad._fastpath.base.table cimport Address
from mediad._fastpath.engine.graph cimport Engine, Transport

cdef void receive_stun(Engine* engine, const uint8_t* data, uint32_t length, const Address* source,
                       uint64_t now_us) noexcept nogil
# SCTP in UDP, of a transport without DTLS: data channels, within the same limits as their records in DTLS.
cdef void receive_sctp(Engine* engine, Transport* transport, const uint8_t* data, uint32_t length,
                       const Address* source, uint64_t now_us) noexcept nogil
# place: transport * MAX_ADDRESSES + index of its path.
cdef void receive_dtls(Engine* engine, uint32_t place, const uint8_t* data, uint32_t length, const Address* source,
                       uint64_t now_us) noexcept nogil
