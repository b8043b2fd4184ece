"""Datagrams that a throttle has held for long enough: they come in, or leave."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy
from mediad._fastpath.base.pool cimport NO_SLOT, pool_data, pool_release, pool_take
from mediad._fastpath.engine.egress.datagram cimport datagram_begin, datagram_enqueue, rtcp_begin, rtcp_enqueue
from mediad._fastpath.engine.graph cimport Engine, Transport, drop
from mediad._fastpath.engine.ingress.demux cimport receive_datagram
from mediad._fastpath.engine.counts cimport DROP_POOL_EMPTY, DROP_THROTTLE_FULL
from mediad._fastpath.engine.throttle cimport throttle_arm
from mediad._fastpath.stream.link cimport HeldPacket, link_arrived


cdef void throttle_due(Engine* engine, uint32_t index, uint64_t now_us) noexcept nogil:
    cdef Transport* transport = &engine.transports[index]
    cdef const HeldPacket* packet
    if transport.throttle == NULL:
        return
    while True:
        packet = link_arrived(&transport.throttle.uplink, now_us)
        if packet == NULL:
            break
        come_in(engine, packet, now_us)
    while True:
        packet = link_arrived(&transport.throttle.downlink, now_us)
        if packet == NULL:
            break
        leave(engine, transport, packet)
    throttle_arm(engine, transport)


cdef void come_in(Engine* engine, const HeldPacket* packet, uint64_t now_us) noexcept nogil:
    cdef uint32_t slot = pool_take(&engine.pool)
    if slot == NO_SLOT:
        drop(engine, DROP_POOL_EMPTY)
        return
    memcpy(pool_data(&engine.pool, slot), packet.bytes, packet.length)
    receive_datagram(engine, slot, packet.length, &packet.source, now_us)
    pool_release(&engine.pool, slot)


cdef void leave(Engine* engine, Transport* transport, const HeldPacket* packet) noexcept nogil:
    cdef bint apart = packet.source.port != 0  # RTCP that has a socket of its own
    cdef uint8_t* out = rtcp_begin(engine, transport) if apart else datagram_begin(engine, transport)
    if out == NULL:                    # its address was taken away meanwhile
        drop(engine, DROP_THROTTLE_FULL)
        return
    memcpy(out, packet.bytes, packet.length)
    if apart:
        rtcp_enqueue(engine, transport, packet.length)
    else:
        datagram_enqueue(engine, transport, packet.length)
