"""Order of the checks of a datagram that came to an owned socket, and the learning of its source."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from mediad._fastpath.base.octets cimport load16, load32
from mediad._fastpath.base.table cimport NO_VALUE, Address
from mediad._fastpath.engine.counts cimport (
    DROP_EVENT_FULL, DROP_OWN_SOCKET_NOT_ALLOWED, DROP_OWN_SOCKET_PROTOCOL, DROP_OWN_SOCKET_STRANGER,
    DROP_OWN_SOCKET_WRONG_PORT, DROP_RTCP_MALFORMED, DROP_RTP_MALFORMED,
)
from mediad._fastpath.engine.events cimport emit, event_begin, news_have_room
from mediad._fastpath.engine.graph cimport NO_LIMIT, NONE, Engine, Transport, drop
from mediad._fastpath.engine.messages cimport EVENT_LEARNED, INDEX_MASK, MAX_ADDRESSES, Event
from mediad._fastpath.engine.own_sockets cimport (
    OWN_MEDIA, OWN_RTCP, Network, SocketOwner, Sources, from_remote,
)
from mediad._fastpath.wire.rtcp cimport RtcpBlock, rtcp_next
from mediad._fastpath.wire.rtp cimport PARSE_OK, RtpPacket, rtp_parse

cdef enum:
    # RFC 9260 sections 3.1 to 3.3.2
    SCTP_HEADER_BYTES = 12
    SCTP_INIT = 1
    SCTP_INIT_BYTES = 20


cdef uint32_t own_place(Engine* engine, OwnPacket kind, const uint8_t* data, uint32_t length, const Address* source,
                        uint64_t now_us) noexcept nogil:
    cdef const SocketOwner* owner = &engine.socket_owners[source.socket]
    cdef Transport* transport = &engine.transports[owner.handle & INDEX_MASK]
    cdef uint32_t place = (owner.handle & INDEX_MASK) * MAX_ADDRESSES + owner.role
    if kind == OWN_PACKET_SCTP:
        if transport.secure or not transport.data or owner.role != OWN_MEDIA:
            drop(engine, DROP_OWN_SOCKET_PROTOCOL)
            return NO_VALUE
    elif transport.own.used[<int>OWN_RTCP] and (kind == OWN_PACKET_RTCP) != (owner.role == OWN_RTCP):
        drop(engine, DROP_OWN_SOCKET_WRONG_PORT)
        return NO_VALUE
    if from_remote(&transport.own, owner.role, source):
        return place
    if transport.own.known[owner.role] or not owner.learn:
        drop(engine, DROP_OWN_SOCKET_STRANGER)
        return NO_VALUE
    if transport.secure:
        return place                   # remote_heard learns it once it is authentic
    if not is_allowed(&engine.sources, source):
        drop(engine, DROP_OWN_SOCKET_NOT_ALLOWED)
        return NO_VALUE
    if not can_be_read(engine, kind, data, length):
        return NO_VALUE
    remote_heard(engine, transport, owner.role, source, now_us)
    return place if transport.own.known[owner.role] else NO_VALUE


cdef bint is_allowed(const Sources* sources, const Address* source) noexcept nogil:
    cdef uint32_t i
    for i in range(sources.count):
        if is_within(&sources.networks[i], source):
            return True
    return False


cdef bint is_within(const Network* network, const Address* source) noexcept nogil:
    cdef uint64_t high = source.high ^ network.high
    cdef uint64_t low = source.low ^ network.low
    if network.bits == 0:
        return True
    if network.bits <= 64:
        return high >> (64 - network.bits) == 0
    return high == 0 and low >> (128 - network.bits) == 0


cdef bint can_be_read(Engine* engine, OwnPacket kind, const uint8_t* data, uint32_t length) noexcept nogil:
    """True when a packet is what its first bytes say; anything else teaches no address."""
    cdef RtpPacket packet
    cdef RtcpBlock block
    cdef uint32_t cursor = 0
    cdef bint malformed = False
    if kind == OWN_PACKET_SCTP:
        if begins_association(data, length):
            return True
        drop(engine, DROP_OWN_SOCKET_PROTOCOL)
    elif kind == OWN_PACKET_RTCP:
        while rtcp_next(data, length, &cursor, &block, &malformed):
            pass
        if not malformed:
            return True
        drop(engine, DROP_RTCP_MALFORMED)
    elif rtp_parse(&packet, <uint8_t*>data, length) == PARSE_OK:
        return True
    else:
        drop(engine, DROP_RTP_MALFORMED)
    return False


cdef bint begins_association(const uint8_t* data, uint32_t length) noexcept nogil:
    """True for an SCTP packet with an INIT: it has no verification tag, and is alone in its packet."""
    return (
        length >= SCTP_HEADER_BYTES + SCTP_INIT_BYTES
        and load32(data + 4) == 0
        and data[SCTP_HEADER_BYTES] == SCTP_INIT
        and SCTP_INIT_BYTES <= load16(data + SCTP_HEADER_BYTES + 2) <= length - SCTP_HEADER_BYTES
    )


cdef bint learns(const Transport* transport, uint32_t role) noexcept nogil:
    # with ICE it is the index of a path, of which there are more than sockets of its own
    return not transport.ice and transport.own.used[role] and not transport.own.known[role]


cdef void remote_heard(Engine* engine, Transport* transport, uint32_t role, const Address* source,
                       uint64_t now_us) noexcept nogil:
    cdef Event event
    if not transport.own.known[role]:
        if not news_have_room(engine):
            drop(engine, DROP_EVENT_FULL)  # the next packet teaches it
            return
        remote_known(transport, role, source)
        event_begin(&event, EVENT_LEARNED, transport.handle)
        event.body.learned.address = source[0]
        event.body.learned.rtcp = role == OWN_RTCP
        emit(engine, &event)
    transport.paths[role].heard_us = now_us


cdef void remote_known(Transport* transport, uint32_t role, const Address* address) noexcept nogil:
    transport.own.remote[role] = address[0]
    transport.own.known[role] = True
    if role == OWN_MEDIA:
        transport.selected = address[0]
        transport.selected_path = NONE
        transport.socket = address.socket
        transport.has_address = True
        transport.send_limit_bytes = NO_LIMIT
