"""Room in the outbox for one datagram towards a transport, and the two ways to finish it."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from mediad._fastpath.base.rate cimport rate_add
from mediad._fastpath.engine.graph cimport Engine, Transport, drop, transport_index
from mediad._fastpath.engine.counts cimport COUNT_RTCP_SENT, DROP_NO_KEYS, DROP_PATH_UNPROVEN, DROP_PROTECT_FAILED
from mediad._fastpath.engine.outbox cimport NO_DATAGRAM, RTCP_APART, outbox_data
from mediad._fastpath.engine.own_sockets cimport OWN_RTCP
from mediad._fastpath.engine.throttle cimport throttle_downlink
from mediad._fastpath.wire.srtp cimport SRTP_OK, srtp_protect_rtcp


cdef uint8_t* datagram_begin(Engine* engine, Transport* transport) noexcept nogil:
    if not transport.has_address:
        return NULL
    if engine.outbox.count == engine.outbox.capacity:
        engine.flush(engine)
    return outbox_data(&engine.outbox, engine.outbox.count)


cdef void datagram_commit(Engine* engine, Transport* transport, uint32_t length, uint64_t now_us) noexcept nogil:
    cdef uint64_t sent_bytes = transport.sent.bytes + length
    if sent_bytes > transport.send_limit_bytes:
        drop(engine, DROP_PATH_UNPROVEN)
        return
    transport.sent.bytes = sent_bytes
    rate_add(&transport.sent.rate, length, now_us)
    if transport.throttle == NULL or not throttle_downlink(
            engine, transport, outbox_data(&engine.outbox, engine.outbox.count), length, NULL, now_us):
        datagram_enqueue(engine, transport, length)


cdef void datagram_enqueue(Engine* engine, Transport* transport, uint32_t length) noexcept nogil:
    cdef uint32_t index = engine.outbox.count
    engine.outbox.count += 1
    engine.outbox.datagrams[index].length = length
    engine.outbox.datagrams[index].next = NO_DATAGRAM
    if transport.outbox_head == NO_DATAGRAM:
        transport.outbox_head = index
        engine.outbox.destinations[engine.outbox.destination_count] = transport_index(engine, transport)
        engine.outbox.destination_count += 1
    else:
        engine.outbox.datagrams[transport.outbox_tail].next = index
    transport.outbox_tail = index


cdef uint8_t* rtcp_begin(Engine* engine, Transport* transport) noexcept nogil:
    if not transport.own.used[<int>OWN_RTCP]:
        return datagram_begin(engine, transport)
    if not transport.own.known[<int>OWN_RTCP]:
        return NULL
    if engine.outbox.count == engine.outbox.capacity:
        engine.flush(engine)
    return outbox_data(&engine.outbox, engine.outbox.count)


cdef void rtcp_commit(Engine* engine, Transport* transport, uint32_t length, uint64_t now_us) noexcept nogil:
    """Let a datagram leave by the socket for RTCP. There is no limit: its address was named or has been heard."""
    transport.sent.bytes += length
    rate_add(&transport.sent.rate, length, now_us)
    if transport.throttle == NULL or not throttle_downlink(
            engine, transport, outbox_data(&engine.outbox, engine.outbox.count), length,
            &transport.own.remote[<int>OWN_RTCP], now_us):
        rtcp_enqueue(engine, transport, length)


cdef void rtcp_enqueue(Engine* engine, Transport* transport, uint32_t length) noexcept nogil:
    cdef uint32_t index = engine.outbox.count
    engine.outbox.count += 1
    engine.outbox.datagrams[index].length = length
    engine.outbox.datagrams[index].next = NO_DATAGRAM
    if transport.own.rtcp_head == NO_DATAGRAM:
        transport.own.rtcp_head = index
        engine.outbox.destinations[engine.outbox.destination_count] = transport_index(engine, transport) | RTCP_APART
        engine.outbox.destination_count += 1
    else:
        engine.outbox.datagrams[transport.own.rtcp_tail].next = index
    transport.own.rtcp_tail = index


cdef void send_rtcp(Engine* engine, Transport* transport, uint8_t* data, uint32_t length,
                    uint64_t now_us) noexcept nogil:
    cdef int size = <int>length
    if transport.secure:
        if not transport.has_keys:
            drop(engine, DROP_NO_KEYS)
            return
        if srtp_protect_rtcp(transport.rtcp_session, data, &size) != SRTP_OK:
            drop(engine, DROP_PROTECT_FAILED)
            return
    engine.counts[<int>COUNT_RTCP_SENT] += 1
    if transport.own.used[<int>OWN_RTCP]:
        rtcp_commit(engine, transport, <uint32_t>size, now_us)
    else:
        datagram_commit(engine, transport, <uint32_t>size, now_us)
