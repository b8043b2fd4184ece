"""Paths of a transport: addresses its packets may come from, the one they go to, and how much may go there.

An address may be claimed by several transports, one after the other (a NAT gives a port to another client) or at once.
The table gives it to the one whose check was the newest, unless its owner was proved to receive there and was there a
moment ago; each check puts it again, and only its owner takes it out.
"""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.base.table cimport Address
from mediad._fastpath.engine.graph cimport NO_LIMIT, NONE, Engine, Transport
from mediad._fastpath.engine.messages cimport MAX_ADDRESSES, CommandBody, Refusal

# Commands.
cdef Refusal add_address(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil
cdef Refusal remove_address(Engine* engine, Transport* transport, const CommandBody* body,
                            uint64_t now_us) noexcept nogil
cdef Refusal select_address(Engine* engine, Transport* transport, const CommandBody* body,
                            uint64_t now_us) noexcept nogil
cdef Refusal select_unproven(Engine* engine, Transport* transport, const CommandBody* body,
                             uint64_t now_us) noexcept nogil
cdef Refusal prove_address(Engine* engine, Transport* transport, const CommandBody* body,
                           uint64_t now_us) noexcept nogil
cdef Refusal ask_address(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil

cdef void forget_paths(Engine* engine, Transport* transport) noexcept nogil
# The place of an address in transport.paths; NONE = it is not one of them.
cdef uint32_t path_of(const Transport* transport, const Address* address) noexcept nogil
# Something that proves nothing came from the path media takes: so much more may go there.
cdef void path_earned(Transport* transport, uint32_t path, uint32_t bytes) noexcept nogil
# The first authentic packet: its sender is at this address.
cdef void path_proven(Engine* engine, Transport* transport, uint32_t path, const Address* source,
                      uint64_t now_us) noexcept nogil


cdef inline void path_heard(Engine* engine, Transport* transport, uint32_t path, const Address* source,
                            uint64_t now_us) noexcept nogil:
    """Note an authentic packet of media from this path."""
    if transport.paths[path].heard_us == 0:
        path_proven(engine, transport, path, source, now_us)
    else:
        transport.paths[path].heard_us = now_us
