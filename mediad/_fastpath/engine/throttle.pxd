"""Throttle of one transport: an emulated network between it and its client, one link for each direction.

For tests of apps, asked for by whoever knows the secret. It stands where datagrams come in and go out, so STUN and DTLS
of the client pass it like media: they measure round trips and find dead paths, and a delay of media alone looks like no
network there is. The STUN and DTLS that Python sends does not come this way; Python treats it likewise
(`mediad.worker.policy.emulated_link`). A check from an address that is none of the transport's yet passes at once.

Without a throttle a datagram that leaves costs a look at its transport's pointer, one that comes a look at a counter.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from mediad._fastpath.base.table cimport Address
from mediad._fastpath.engine.graph cimport Engine, Transport
from mediad._fastpath.engine.messages cimport CommandBody, Refusal

# The command: begins a throttle, or changes the settings of one.
cdef Refusal throttle_transport(Engine* engine, Transport* transport, const CommandBody* body,
                                uint64_t now_us) noexcept nogil
# The command that ends it. What is held is lost.
cdef Refusal unthrottle_transport(Engine* engine, Transport* transport, const CommandBody* body,
                                  uint64_t now_us) noexcept nogil
cdef void throttle_end(Engine* engine, Transport* transport) noexcept nogil
# True when a datagram that came in, or is to leave, goes no further now: it is held, or lost.
cdef bint throttle_uplink(Engine* engine, const uint8_t* data, uint32_t length, const Address* source,
                          uint64_t now_us) noexcept nogil
# apart: where RTCP goes that has a socket of its own; else NULL.
cdef bint throttle_downlink(Engine* engine, Transport* transport, const uint8_t* data, uint32_t length,
                            const Address* apart, uint64_t now_us) noexcept nogil
cdef void throttle_arm(Engine* engine, Transport* transport) noexcept nogil
