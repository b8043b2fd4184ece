"""Two rings of SSRCs for each transport: those no longer bound, and those that report."""

from libc.stdint cimport uint32_t, uint64_t
from mediad._fastpath.base.table cimport NO_VALUE, table_get, table_put, table_remove
from mediad._fastpath.engine.graph cimport (
    MAX_REPORTERS, RETIRED_SSRCS, Engine, Transport, ssrc_key, transport_index,
)
from mediad._fastpath.wire.srtp cimport srtp_forget

cdef enum:
    LEAST_REPORTERS = 32           # beside one for each consumer
    REPLACE_US = 100000            # from one that takes another's place to the next


cdef void retire_ssrc(Engine* engine, Transport* transport, uint32_t ssrc) noexcept nogil:
    cdef uint32_t* place = &transport.retired[transport.retired_count % RETIRED_SSRCS]
    cdef uint32_t oldest, i
    if not transport.secure or ssrc == 0:
        return
    for i in range(RETIRED_SSRCS):
        if transport.retired[i] == ssrc:
            transport.retired[i] = 0   # it came back meanwhile: its time begins anew
    oldest = place[0]
    place[0] = ssrc
    transport.retired_count += 1
    if oldest != 0:
        forget_ssrc(engine, transport, oldest)


cdef void forget_ssrc(Engine* engine, Transport* transport, uint32_t ssrc) noexcept nogil:
    if transport.secure and transport.receive_session != NULL and not reporter_known(engine, transport, ssrc):
        srtp_forget(transport.receive_session, ssrc)


cdef bint reporter_known(const Engine* engine, const Transport* transport, uint32_t ssrc) noexcept nogil:
    cdef uint64_t key = ssrc_key(transport_index(engine, transport), ssrc)
    return table_get(&engine.inbound, key) != NO_VALUE or table_get(&engine.reporters, key) != NO_VALUE


cdef inline uint32_t places(const Transport* transport) noexcept nogil:
    cdef uint32_t count = LEAST_REPORTERS + transport.consumer_count
    return count if count < MAX_REPORTERS else MAX_REPORTERS


cdef bint reporter_may_come(const Transport* transport, uint64_t now_us) noexcept nogil:
    return transport.reporter_count < places(transport) or now_us >= transport.reporter_replaced_us + REPLACE_US


cdef void remove_oldest(Engine* engine, Transport* transport) noexcept nogil:
    cdef uint32_t ssrc = transport.reporters[transport.reporter_head]
    transport.reporter_head = (transport.reporter_head + 1) % MAX_REPORTERS
    transport.reporter_count -= 1
    table_remove(&engine.reporters, ssrc_key(transport_index(engine, transport), ssrc))
    forget_ssrc(engine, transport, ssrc)


cdef void reporter_came(Engine* engine, Transport* transport, uint32_t ssrc, uint64_t now_us) noexcept nogil:
    if transport.reporter_count >= places(transport):
        transport.reporter_replaced_us = now_us
        remove_oldest(engine, transport)
    if not table_put(&engine.reporters, ssrc_key(transport_index(engine, transport), ssrc), 1):
        forget_ssrc(engine, transport, ssrc)
        return
    transport.reporters[(transport.reporter_head + transport.reporter_count) % MAX_REPORTERS] = ssrc
    transport.reporter_count += 1


cdef void forget_peer(Engine* engine, Transport* transport) noexcept nogil:
    """Forget all SSRCs of a transport; its session goes, and libsrtp's streams with it."""
    cdef uint32_t i, ssrc
    for i in range(transport.reporter_count):
        ssrc = transport.reporters[(transport.reporter_head + i) % MAX_REPORTERS]
        table_remove(&engine.reporters, ssrc_key(transport_index(engine, transport), ssrc))
    transport.reporter_count = 0
    for i in range(RETIRED_SSRCS):
        transport.retired[i] = 0
