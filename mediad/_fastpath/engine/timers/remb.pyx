"""Content of REMB packets: the estimate or limit of a transport, and the streams it is for."""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from mediad._fastpath.base.rate cimport rate_bps
from mediad._fastpath.engine.graph cimport NONE, Engine, Producer, ReceiveStream, Transport
from mediad._fastpath.engine.messages cimport MAX_ENCODINGS
from mediad._fastpath.engine.egress.datagram cimport RTCP_BYTES, rtcp_begin, rtcp_reaches, send_rtcp
from mediad._fastpath.stream.uplink cimport uplink_limit, uplink_update
from mediad._fastpath.wire.rtcp cimport rtcp_write_remb, rtcp_write_rr

cdef enum:
    MAX_SSRCS = 16
    LIFTED_BPS = 1000000000        # no limit, in a message that can only name one
    LIFTED_TIMES = 4               # RTCP is lost like everything else

ctypedef struct Receivers:
    uint32_t[MAX_SSRCS] ssrcs
    uint32_t count
    bint estimated                 # some of it relies on our estimate
    uint8_t worst_loss
    uint64_t received_bps


cdef void find_receivers(Engine* engine, Transport* transport, Receivers* found, uint64_t now_us) noexcept nogil:
    """Find the video streams whose sender understands REMB, and how they arrive."""
    cdef uint32_t index = transport.first_producer
    cdef uint32_t encoding
    cdef Producer* producer
    cdef ReceiveStream* stream
    found.count = 0
    found.estimated = False
    found.worst_loss = 0
    found.received_bps = 0
    while index != NONE:
        producer = &engine.producers[index]
        for encoding in range(producer.encoding_count if producer.video and producer.remb else 0):
            stream = &engine.streams[index * MAX_ENCODINGS + encoding]
            if not stream.detected:
                continue
            found.estimated = found.estimated or not producer.transport_cc
            found.received_bps += rate_bps(&stream.receiver.rate, now_us)
            if stream.receiver.fraction_lost > found.worst_loss:
                found.worst_loss = stream.receiver.fraction_lost
            if found.count < MAX_SSRCS:
                found.ssrcs[found.count] = stream.receiver.ssrc
                found.count += 1
        index = producer.next_in_transport


cdef uint8_t* remb_write(Engine* engine, Transport* transport, uint8_t* p, const uint8_t* limit,
                         uint64_t now_us) noexcept nogil:
    cdef Receivers found
    cdef uint64_t bps
    find_receivers(engine, transport, &found, now_us)
    if found.count == 0:
        return p
    transport.announced_bitrate_bps = uplink_limit(&transport.uplink)
    if found.estimated:
        transport.announced_bitrate_bps = uplink_update(&transport.uplink, found.worst_loss, found.received_bps, now_us)
    bps = transport.announced_bitrate_bps
    if bps == 0:
        if transport.lifted_rembs == 0:
            return p
        transport.lifted_rembs -= 1
        bps = LIFTED_BPS
    return rtcp_write_remb(p, limit, transport.rtcp_ssrc, bps, found.ssrcs, found.count)


cdef void remb_cap(Engine* engine, Transport* transport, uint64_t cap_bps, uint64_t now_us) noexcept nogil:
    cdef uint8_t* out
    cdef uint8_t* head
    cdef uint8_t* end
    if cap_bps == transport.uplink.cap_bps:
        return
    transport.uplink.cap_bps = cap_bps
    transport.lifted_rembs = LIFTED_TIMES if uplink_limit(&transport.uplink) == 0 else 0
    if not rtcp_reaches(transport) or (transport.secure and not transport.has_keys):
        return
    out = rtcp_begin(engine, transport)
    if out == NULL:
        return
    head = rtcp_write_rr(out, out + RTCP_BYTES, transport.rtcp_ssrc, NULL, 0)
    end = remb_write(engine, transport, head, out + RTCP_BYTES, now_us)
    if end != head:
        send_rtcp(engine, transport, out, <uint32_t>(end - out), now_us)
