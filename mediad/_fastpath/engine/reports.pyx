"""Received RTCP: what a peer reports of what we send, asks for again, or tells of its clock."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from mediad._fastpath.base.clock cimport compact_ntp, ntp_from_us, us_from_compact, us_from_ntp
from mediad._fastpath.base.octets cimport load32
from mediad._fastpath.base.table cimport NO_VALUE, table_get
from mediad._fastpath.engine.bandwidth cimport bandwidth_feedback, bandwidth_remb
from mediad._fastpath.engine.demand cimport demand_keyframe
from mediad._fastpath.engine.egress cimport egress_retransmit
from mediad._fastpath.engine.graph cimport (
    Consumer, Engine, Transport, drop, emit_values, ssrc_key, transport_index, wall_us,
)
from mediad._fastpath.engine.messages cimport DROP_RTCP_MALFORMED, EVENT_CONSUMER_SCORE, MAX_ENCODINGS
from mediad._fastpath.stream.receiver cimport receiver_sender_report
from mediad._fastpath.stream.sender cimport sender_receiver_report
from mediad._fastpath.wire.rtcp cimport (
    FMT_AFB, FMT_FIR, FMT_NACK, FMT_PLI, FMT_TRANSPORT_CC, RTCP_PSFB, RTCP_RR, RTCP_RTPFB, RTCP_SR, RTCP_XR,
    ReportBlock, RtcpBlock, SenderInfo, rtcp_feedback_ssrcs, rtcp_fir_count, rtcp_fir_ssrc, rtcp_nack_count,
    rtcp_nack_item, rtcp_next, rtcp_report_block, rtcp_report_count, rtcp_sender_info, rtcp_xr_dlrr, rtcp_xr_rrtr,
)

cdef enum:
    RETRANSMISSIONS = 256          # answered for one compound packet: a NACK is 4 bytes and asks for up to 17 packets
    OFFSET_STEP_US = 100           # how fast, per SR, the clock offset may grow to follow drift


cdef void receive_rtcp(Engine* engine, Transport* transport, const uint8_t* data, uint32_t length,
                       uint64_t now_us) noexcept nogil:
    cdef RtcpBlock block
    cdef uint32_t cursor = 0
    cdef uint32_t budget = RETRANSMISSIONS
    cdef bint malformed = False
    while rtcp_next(data, length, &cursor, &block, &malformed):
        if block.packet_type == RTCP_SR or block.packet_type == RTCP_RR:
            receive_report(engine, transport, &block, now_us)
        elif block.packet_type == RTCP_RTPFB and block.count == FMT_NACK:
            receive_nack(engine, transport, &block, &budget, now_us)
        elif block.packet_type == RTCP_RTPFB and block.count == FMT_TRANSPORT_CC:
            if not bandwidth_feedback(engine, transport, &block, now_us):
                drop(engine, DROP_RTCP_MALFORMED)
        elif block.packet_type == RTCP_PSFB and block.count == FMT_AFB:
            bandwidth_remb(engine, transport, &block, now_us)
        elif block.packet_type == RTCP_PSFB and (block.count == FMT_PLI or block.count == FMT_FIR):
            receive_keyframe_request(engine, transport, &block, now_us)
        elif block.packet_type == RTCP_XR:
            receive_extended_report(engine, transport, &block, now_us)
    if malformed:
        drop(engine, DROP_RTCP_MALFORMED)


cdef Consumer* consumer_by_ssrc(Engine* engine, Transport* transport, uint32_t ssrc) noexcept nogil:
    cdef uint32_t index = table_get(&engine.outbound, ssrc_key(transport_index(engine, transport), ssrc))
    return NULL if index == NO_VALUE else &engine.consumers[index]


cdef void receive_report(Engine* engine, Transport* transport, const RtcpBlock* block, uint64_t now_us) noexcept nogil:
    cdef SenderInfo info
    cdef ReportBlock report
    cdef Consumer* consumer
    cdef uint32_t bound, i
    if rtcp_sender_info(block, &info):
        bound = table_get(&engine.inbound, ssrc_key(transport_index(engine, transport), info.ssrc))
        if bound != NO_VALUE and not bound & 1 and engine.streams[bound >> 1].detected:
            receiver_sender_report(&engine.streams[bound >> 1].receiver, &info, now_us)
            follow_clock(engine, transport, info.ntp, now_us)
    for i in range(rtcp_report_count(block)):
        rtcp_report_block(block, i, &report)
        consumer = consumer_by_ssrc(engine, transport, report.ssrc)
        if consumer != NULL and report.ssrc == consumer.ssrc:
            if sender_receiver_report(&consumer.sender, &report, wall_us(engine, now_us)):
                emit_values(engine, EVENT_CONSUMER_SCORE, consumer.handle, consumer.sender.score, 0, 0)


cdef void follow_clock(Engine* engine, Transport* transport, uint64_t ntp, uint64_t now_us) noexcept nogil:
    """Ours minus theirs, kept at the least delayed SR seen; it may creep up, so that drift is followed."""
    cdef int64_t offset
    if ntp >> 32 < 2208988800ULL:
        return                     # not a wall clock: before 1970
    offset = <int64_t>(wall_us(engine, now_us) - us_from_ntp(ntp))
    if not transport.has_clock_offset or offset < transport.clock_offset_us:
        transport.has_clock_offset = True
        transport.clock_offset_us = offset
    elif offset > transport.clock_offset_us + OFFSET_STEP_US:
        transport.clock_offset_us += OFFSET_STEP_US


cdef void receive_nack(Engine* engine, Transport* transport, const RtcpBlock* block, uint32_t* budget,
                       uint64_t now_us) noexcept nogil:
    cdef uint32_t sender_ssrc, media_ssrc, i, bit
    cdef uint16_t packet_id, bitmask
    cdef Consumer* consumer
    if not rtcp_feedback_ssrcs(block, &sender_ssrc, &media_ssrc):
        return
    consumer = consumer_by_ssrc(engine, transport, media_ssrc)
    if consumer == NULL:
        return
    consumer.sender.nack_count += 1
    for i in range(rtcp_nack_count(block)):
        rtcp_nack_item(block, i, &packet_id, &bitmask)
        for bit in range(17):
            if bit != 0 and not bitmask & (1 << (bit - 1)):
                continue
            if budget[0] == 0:
                return
            budget[0] -= 1
            consumer.sender.nack_packet_count += 1
            egress_retransmit(engine, consumer, <uint16_t>(packet_id + bit), now_us)


cdef void receive_keyframe_request(Engine* engine, Transport* transport, const RtcpBlock* block,
                                   uint64_t now_us) noexcept nogil:
    cdef uint32_t sender_ssrc, media_ssrc, i
    cdef Consumer* consumer
    if not rtcp_feedback_ssrcs(block, &sender_ssrc, &media_ssrc):
        return
    if block.count == FMT_PLI:
        consumer = consumer_by_ssrc(engine, transport, media_ssrc)
        if consumer != NULL:
            consumer.sender.pli_count += 1
            demand_current(engine, consumer, now_us)
        return
    for i in range(rtcp_fir_count(block)):
        consumer = consumer_by_ssrc(engine, transport, rtcp_fir_ssrc(block, i))
        if consumer != NULL:
            consumer.sender.fir_count += 1
            demand_current(engine, consumer, now_us)


cdef void demand_current(Engine* engine, Consumer* consumer, uint64_t now_us) noexcept nogil:
    if consumer.video and not consumer.paused and consumer.current >= 0:
        demand_keyframe(engine, &engine.streams[consumer.producer * MAX_ENCODINGS + <uint32_t>consumer.current], now_us)


cdef void receive_extended_report(Engine* engine, Transport* transport, const RtcpBlock* block,
                                  uint64_t now_us) noexcept nogil:
    """RFC 3611: their reference time, to be answered, and the delay since ours: a receiver's round trip."""
    cdef uint64_t ntp
    cdef uint32_t last, delay, now_compact, passed
    if rtcp_xr_rrtr(block, &ntp):
        transport.remote_reference = compact_ntp(ntp)
        transport.remote_reference_us = now_us
        transport.remote_reference_ssrc = load32(block.body)
    if rtcp_xr_dlrr(block, transport.rtcp_ssrc, &last, &delay) and last != 0:
        now_compact = compact_ntp(ntp_from_us(wall_us(engine, now_us)))
        passed = now_compact - last - delay
        if passed < 0x80000000ULL:
            transport.rtt_us = us_from_compact(passed)
