"""Way of one received datagram from its first byte to the stream it belongs to.

Security depends on the order: route on clear header fields, authenticate, and only then let anything change. STUN
that names none of our username fragments and DTLS from addresses that ICE has not validated end here, before they cost
Python anything.
"""

from libc.stdint cimport uint32_t, uint64_t, uint8_t
from mediad._fastpath.base.octets cimport load32
from mediad._fastpath.base.pool cimport pool_data
from mediad._fastpath.base.rate cimport rate_add
from mediad._fastpath.base.table cimport NO_VALUE, Address, address_table_get, table_get
from mediad._fastpath.engine.graph cimport Engine, Transport, drop, ssrc_key, transport_index
from mediad._fastpath.engine.ingress.binding cimport UNBOUND, bind_stream, find_stream, may_bind
from mediad._fastpath.engine.ingress.learn cimport (
    OWN_PACKET_RTCP, OWN_PACKET_RTP, OWN_PACKET_SCTP, OwnPacket, learns, own_place,
)
from mediad._fastpath.engine.ingress.paths cimport path_heard
from mediad._fastpath.engine.ingress.punts cimport receive_dtls, receive_sctp, receive_stun
from mediad._fastpath.engine.ingress.rtcp cimport receive_rtcp
from mediad._fastpath.engine.ingress.rtp cimport receive_rtp
from mediad._fastpath.engine.ingress.srtp_streams cimport (
    forget_ssrc, reporter_came, reporter_known, reporter_may_come,
)
from mediad._fastpath.engine.counts cimport (
    COUNT_DATAGRAMS_RECEIVED, COUNT_RTCP_RECEIVED, COUNT_RTP_RECEIVED, DROP_DTLS_UNKNOWN_ADDRESS,
    DROP_MEDIA_UNKNOWN_ADDRESS, DROP_NO_KEYS, DROP_REPORTER_UNKNOWN, DROP_RTP_MALFORMED, DROP_SRTP_AUTH,
    DROP_SRTP_REPLAY, DROP_SSRC_SECOND, DROP_SSRC_UNKNOWN, DROP_UNKNOWN_PROTOCOL,
)
from mediad._fastpath.engine.messages cimport MAX_ADDRESSES
from mediad._fastpath.engine.throttle cimport throttle_uplink
from mediad._fastpath.wire.rtp cimport PARSE_OK, RtpPacket, rtp_finish, rtp_parse
from mediad._fastpath.wire.srtp cimport (
    SRTP_OK, SRTP_REPLAY_FAIL, SRTP_REPLAY_OLD, srtp_unprotect, srtp_unprotect_rtcp,
)

cdef enum:
    DTLS_HEADER_BYTES = 13
    RTCP_HEADER_BYTES = 8


cdef void engine_receive(Engine* engine, uint32_t slot, uint32_t length, const Address* source,
                         uint64_t now_us) noexcept nogil:
    if engine.throttled and throttle_uplink(engine, pool_data(&engine.pool, slot), length, source, now_us):
        return
    receive_datagram(engine, slot, length, source, now_us)


cdef void receive_datagram(Engine* engine, uint32_t slot, uint32_t length, const Address* source,
                           uint64_t now_us) noexcept nogil:
    """Demultiplex by the first byte (RFC 7983)."""
    cdef uint8_t* data = pool_data(&engine.pool, slot)
    cdef uint32_t place            # of the transport and its path
    cdef uint8_t first
    engine.counts[<int>COUNT_DATAGRAMS_RECEIVED] += 1
    if length == 0:
        drop(engine, DROP_UNKNOWN_PROTOCOL)
        return
    first = data[0]
    if engine.socket_owners[source.socket].handle != 0:
        receive_owned(engine, slot, data, length, source, now_us)
        return
    if first < 4:
        receive_stun(engine, data, length, source, now_us)
        return
    place = address_table_get(&engine.addresses, source)
    if 20 <= first < 64 and length >= DTLS_HEADER_BYTES:
        if place == NO_VALUE:
            drop(engine, DROP_DTLS_UNKNOWN_ADDRESS)
        else:
            receive_dtls(engine, place, data, length, source, now_us)
        return
    if not 128 <= first < 192:
        drop(engine, DROP_UNKNOWN_PROTOCOL)
        return
    if place == NO_VALUE:
        drop(engine, DROP_MEDIA_UNKNOWN_ADDRESS)
    elif length >= RTCP_HEADER_BYTES and 192 <= data[1] < 224:
        receive_srtcp(engine, place, data, length, source, now_us)
    else:
        receive_srtp(engine, place, slot, data, length, source, now_us)


cdef void receive_owned(Engine* engine, uint32_t slot, uint8_t* data, uint32_t length, const Address* source,
                        uint64_t now_us) noexcept nogil:
    """Take in a datagram of a socket that is one transport's own: there is no STUN and no DTLS."""
    cdef OwnPacket kind = OWN_PACKET_SCTP
    cdef uint32_t place
    if 128 <= data[0] < 192:
        kind = OWN_PACKET_RTCP if length >= RTCP_HEADER_BYTES and 192 <= data[1] < 224 else OWN_PACKET_RTP
    place = own_place(engine, kind, data, length, source, now_us)
    if place == NO_VALUE:
        return
    if kind == OWN_PACKET_RTP:
        receive_srtp(engine, place, slot, data, length, source, now_us)
    elif kind == OWN_PACKET_RTCP:
        receive_srtcp(engine, place, data, length, source, now_us)
    else:
        receive_sctp(engine, &engine.transports[place // MAX_ADDRESSES], data, length, source, now_us)


cdef void receive_srtcp(Engine* engine, uint32_t place, uint8_t* data, uint32_t length, const Address* source,
                        uint64_t now_us) noexcept nogil:
    cdef Transport* transport = &engine.transports[place // MAX_ADDRESSES]
    cdef int size = <int>length
    cdef uint32_t ssrc = load32(data + 4)
    cdef bint known
    if transport.secure:
        if not transport.has_keys:
            drop(engine, DROP_NO_KEYS)
            return
        known = reporter_known(engine, transport, ssrc)
        if not known and not reporter_may_come(transport, now_us):
            drop(engine, DROP_REPORTER_UNKNOWN)
            return
        if not authentic(engine, srtp_unprotect_rtcp(transport.receive_session, data, &size)):
            return
        if not known:
            reporter_came(engine, transport, ssrc, now_us)
    path_heard(engine, transport, place % MAX_ADDRESSES, source, now_us)
    engine.counts[<int>COUNT_RTCP_RECEIVED] += 1
    transport.received.bytes += length
    rate_add(&transport.received.rate, length, now_us)
    receive_rtcp(engine, transport, data, <uint32_t>size, now_us)


cdef bint authentic(Engine* engine, int status) noexcept nogil:
    if status == SRTP_OK:
        return True
    if status == SRTP_REPLAY_FAIL or status == SRTP_REPLAY_OLD:
        drop(engine, DROP_SRTP_REPLAY)
    else:
        drop(engine, DROP_SRTP_AUTH)
    return False


cdef void receive_srtp(Engine* engine, uint32_t place, uint32_t slot, uint8_t* data, uint32_t length,
                       const Address* source, uint64_t now_us) noexcept nogil:
    """Take in an SRTP packet: header, keys, stream, authentication; then a new SSRC may be bound to its stream."""
    cdef Transport* transport = &engine.transports[place // MAX_ADDRESSES]
    cdef RtpPacket packet
    cdef int size = <int>length
    cdef uint32_t bound
    cdef bint is_new
    if rtp_parse(&packet, data, length) != PARSE_OK:
        drop(engine, DROP_RTP_MALFORMED)
        return
    if transport.secure and not transport.has_keys:
        drop(engine, DROP_NO_KEYS)
        return
    bound = table_get(&engine.inbound, ssrc_key(transport_index(engine, transport), packet.ssrc))
    is_new = bound == NO_VALUE
    if is_new:
        bound = find_stream(engine, transport, &packet)
        if bound == UNBOUND:
            drop(engine, DROP_SSRC_UNKNOWN)
            if learns(transport, place % MAX_ADDRESSES):
                learn_alone(engine, place, packet.ssrc, data, length, source, now_us)
            return
        if not may_bind(engine, bound, now_us):
            drop(engine, DROP_SSRC_SECOND)
            return
    if transport.secure and not authentic(engine, srtp_unprotect(transport.receive_session, data, &size)):
        return
    path_heard(engine, transport, place % MAX_ADDRESSES, source, now_us)
    transport.received.bytes += length
    rate_add(&transport.received.rate, length, now_us)
    engine.counts[<int>COUNT_RTP_RECEIVED] += 1
    if rtp_finish(&packet, <uint32_t>size) != PARSE_OK:
        drop(engine, DROP_RTP_MALFORMED)
        if is_new:
            forget_ssrc(engine, transport, packet.ssrc)
        return
    if is_new and not bind_stream(engine, transport, bound, &packet, now_us):
        drop(engine, DROP_SSRC_UNKNOWN)
        forget_ssrc(engine, transport, packet.ssrc)
        return
    receive_rtp(engine, transport, &engine.streams[bound >> 1], (bound & 1) != 0, slot, &packet, now_us)


cdef void learn_alone(Engine* engine, uint32_t place, uint32_t ssrc, uint8_t* data, uint32_t length,
                      const Address* source, uint64_t now_us) noexcept nogil:
    """Learn the address of an SRTP packet of no producer: from who only receives, and sends to open the way."""
    cdef Transport* transport = &engine.transports[place // MAX_ADDRESSES]
    cdef int size = <int>length
    if srtp_unprotect(transport.receive_session, data, &size) == SRTP_OK:
        path_heard(engine, transport, place % MAX_ADDRESSES, source, now_us)
        forget_ssrc(engine, transport, ssrc)
