"""Beginning, passing and end of a throttle. What has waited long enough leaves in timers/held."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport calloc, free
from mediad._fastpath.base.table cimport NO_VALUE, Address, address_table_get
from mediad._fastpath.base.wheel cimport wheel_arm_sooner, wheel_disarm
from mediad._fastpath.engine.graph cimport drop, throttle_timer, transport_index
from mediad._fastpath.engine.counts cimport DROP_THROTTLE_FULL, DROP_THROTTLE_LOSS
from mediad._fastpath.engine.messages cimport DONE, INDEX_MASK, MAX_ADDRESSES, REFUSED_NO_MEMORY
from mediad._fastpath.engine.own_sockets cimport SocketOwner, from_remote
from mediad._fastpath.stream.link cimport (
    LINK_FULL, LINK_LOST, LINK_PASSED, LinkVerdict, Throttle, link_due, link_send, link_set,
)


cdef Refusal throttle_transport(Engine* engine, Transport* transport, const CommandBody* body,
                                uint64_t now_us) noexcept nogil:
    if transport.throttle == NULL:
        transport.throttle = <Throttle*>calloc(1, sizeof(Throttle))
        if transport.throttle == NULL:
            return REFUSED_NO_MEMORY
        engine.throttled += 1
        transport.throttle.uplink.dice = engine.seed ^ now_us
        transport.throttle.downlink.dice = engine.seed + now_us
    link_set(&transport.throttle.uplink, &body.throttle.uplink)
    link_set(&transport.throttle.downlink, &body.throttle.downlink)
    return DONE


cdef Refusal unthrottle_transport(Engine* engine, Transport* transport, const CommandBody* body,
                                  uint64_t now_us) noexcept nogil:
    throttle_end(engine, transport)
    return DONE


cdef void throttle_end(Engine* engine, Transport* transport) noexcept nogil:
    if transport.throttle == NULL:
        return
    engine.drops[<int>DROP_THROTTLE_FULL] += transport.throttle.uplink.count + transport.throttle.downlink.count
    wheel_disarm(&engine.wheel, throttle_timer(engine, transport_index(engine, transport)))
    free(transport.throttle)
    transport.throttle = NULL
    engine.throttled -= 1


cdef bint throttle_uplink(Engine* engine, const uint8_t* data, uint32_t length, const Address* source,
                          uint64_t now_us) noexcept nogil:
    cdef Transport* transport = sender_of(engine, source)
    if transport == NULL or transport.throttle == NULL:
        return False
    return stopped(engine, transport, link_send(&transport.throttle.uplink, data, length, source, now_us))


cdef Transport* sender_of(Engine* engine, const Address* source) noexcept nogil:
    """Return the transport whose client is at an address, NULL for strangers."""
    cdef const SocketOwner* owner = &engine.socket_owners[source.socket]
    cdef Transport* transport
    cdef uint32_t place
    if owner.handle != 0:
        transport = &engine.transports[owner.handle & INDEX_MASK]
        return transport if from_remote(&transport.own, owner.role, source) else NULL
    place = address_table_get(&engine.addresses, source)
    return NULL if place == NO_VALUE else &engine.transports[place // MAX_ADDRESSES]


cdef bint throttle_downlink(Engine* engine, Transport* transport, const uint8_t* data, uint32_t length,
                            const Address* apart, uint64_t now_us) noexcept nogil:
    return stopped(engine, transport, link_send(&transport.throttle.downlink, data, length, apart, now_us))


cdef bint stopped(Engine* engine, Transport* transport, LinkVerdict verdict) noexcept nogil:
    if verdict == LINK_PASSED:
        return False
    if verdict == LINK_LOST:
        drop(engine, DROP_THROTTLE_LOSS)
    elif verdict == LINK_FULL:
        drop(engine, DROP_THROTTLE_FULL)
    else:
        throttle_arm(engine, transport)
    return True


cdef void throttle_arm(Engine* engine, Transport* transport) noexcept nogil:
    """Arm the timer for the packet that arrives next, in either direction."""
    cdef uint64_t up_us = link_due(&transport.throttle.uplink)
    cdef uint64_t down_us = link_due(&transport.throttle.downlink)
    cdef uint32_t timer = throttle_timer(engine, transport_index(engine, transport))
    if up_us:
        wheel_arm_sooner(&engine.wheel, timer, up_us)
    if down_us:
        wheel_arm_sooner(&engine.wheel, timer, down_us)
