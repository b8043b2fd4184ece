"""Giving of sockets to transports, naming of the other side, and the table of networks to learn from."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy, memset
from mediad._fastpath.engine.graph cimport Engine, Transport
from mediad._fastpath.engine.ingress.learn cimport remote_known
from mediad._fastpath.engine.messages cimport (
    DONE, INDEX_MASK, REFUSED_OUT_OF_RANGE, REFUSED_TAKEN, CommandBody, Refusal,
)
from mediad._fastpath.engine.own_sockets cimport (
    MAX_NETWORKS, OWN_MEDIA, OWN_RTCP, OWN_SOCKETS, Network, SocketOwner,
)


cdef Refusal own_socket(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil:
    cdef SocketOwner* owner = &engine.socket_owners[body.own_socket.socket]
    cdef uint32_t role = OWN_RTCP if body.own_socket.rtcp else OWN_MEDIA
    if transport.ice:
        return REFUSED_OUT_OF_RANGE    # its sockets are shared
    if owner.handle != 0 or transport.own.used[role]:
        return REFUSED_TAKEN
    owner.handle = transport.handle
    owner.role = <unsigned char>role
    owner.learn = body.own_socket.learn
    transport.own.used[role] = True
    transport.own.number[role] = body.own_socket.socket
    return DONE


cdef Refusal set_remote(Engine* engine, Transport* transport, const CommandBody* body, uint64_t now_us) noexcept nogil:
    cdef uint32_t role = OWN_RTCP if body.remote.rtcp else OWN_MEDIA
    if not transport.own.used[role] or transport.own.number[role] != body.remote.address.socket:
        return REFUSED_OUT_OF_RANGE
    if transport.own.known[role]:
        engine.flush(engine)           # what waits in the outbox is for the other address
    transport.paths[role].heard_us = 0
    remote_known(transport, role, &body.remote.address)
    return DONE


cdef Refusal allow_source(Engine* engine, uint32_t handle, const CommandBody* body, uint64_t now_us) noexcept nogil:
    cdef uint32_t row = body.source.row
    cdef uint32_t rows = body.source.rows
    if rows > MAX_NETWORKS or (rows != 0 and row >= rows):
        return REFUSED_OUT_OF_RANGE
    if rows != 0:
        engine.sources.next[row] = body.source.network
    if row + 1 >= rows:
        memcpy(engine.sources.networks, engine.sources.next, rows * sizeof(Network))
        engine.sources.count = rows
    return DONE


cdef void disown(Engine* engine, Transport* transport, uint32_t role) noexcept nogil:
    memset(&engine.socket_owners[transport.own.number[role]], 0, sizeof(SocketOwner))
    transport.own.used[role] = False
    transport.own.known[role] = False
    if role == OWN_MEDIA:
        transport.has_address = False


cdef void disown_sockets(Engine* engine, Transport* transport) noexcept nogil:
    cdef uint32_t role
    for role in range(OWN_SOCKETS):
        if transport.own.used[role]:
            disown(engine, transport, role)


cdef void disown_socket(Engine* engine, uint32_t number) noexcept nogil:
    cdef SocketOwner* owner = &engine.socket_owners[number]
    if owner.handle != 0:
        disown(engine, &engine.transports[owner.handle & INDEX_MASK], owner.role)
