"""Commands about sockets that belong to one transport (engine/own_sockets), and the end of that.

A transport without ICE has one, or one for RTP and another for RTCP. `set_remote` names the other side: an API that may
do so was asked, so nothing has to be proven. Where it is not named it may be learned (engine/ingress/learn).
"""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.engine.graph cimport Engine, Transport
from mediad._fastpath.engine.messages cimport CommandBody, Refusal

cdef Refusal own_socket(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil
cdef Refusal set_remote(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil
# One row of the table of networks; about no transport.
cdef Refusal allow_source(Engine* engine, uint32_t handle, const CommandBody* body, uint64_t now_us) noexcept nogil
# The transport ends: its sockets are nobody's.
cdef void disown_sockets(Engine* engine, Transport* transport) noexcept nogil
# The socket is closed, and its number may be used again.
cdef void disown_socket(Engine* engine, uint32_t number) noexcept nogil
