"""Received RTCP: reports about the packets we send, requests for repeats and key frames, and the peer's clock."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from mediad._fastpath.base.clock cimport compact_ntp, ntp_from_us, us_from_compact, us_from_ntp
from mediad._fastpath.base.octets cimport load32
from mediad._fastpath.base.table cimport NO_VALUE, table_get
from mediad._fastpath.engine.egress.estimate cimport bandwidth_feedback, bandwidth_remb
from mediad._fastpath.engine.egress.keyframe_requests cimport demand_keyframe
from mediad._fastpath.engine.graph cimport (
    Consumer, Engine, Transport, drop, ssrc_key, transport_index, wall_us,
)
from mediad._fastpath.engine.counts cimport DROP_RTCP_MALFORMED, DROP_RTCP_TOO_MUCH
from mediad._fastpath.engine.messages cimport MAX_ENCODINGS
from mediad._fastpath.engine.news cimport tell_score
from mediad._fastpath.engine.egress.repair cimport repeat_packet
from mediad._fastpath.stream.receiver cimport receiver_sender_report
from mediad._fastpath.stream.sender cimport sender_receiver_report
from mediad._fastpath.wire.rtcp cimport (
    FMT_AFB, FMT_FIR, FMT_NACK, FMT_PLI, FMT_TRANSPORT_CC, RTCP_PSFB, RTCP_RR, RTCP_RTPFB, RTCP_SR, RTCP_XR,
    ReportBlock, RtcpBlock, SenderInfo, rtcp_feedback_ssrcs, rtcp_fir_count, rtcp_fir_ssrc, rtcp_nack_count,
    rtcp_nack_item, rtcp_next, rtcp_report_block, rtcp_report_count, rtcp_sender_info, rtcp_xr_dlrr, rtcp_xr_rrtr,
)

cdef enum:
    # What one compound packet may ask for, in units of about a table lookup: twice what the largest honest one does.
    # Bytes alone do not bound it: four of a NACK ask for 17 packets, two of transport-cc tell of 8 191.
    COMPOUND_WORK = 800
    WORK_BLOCK = 1
    WORK_ITEM = 1                  # a report block, a PLI, an FIR entry
    WORK_NACKED = 3                # a packet asked for again
    WORK_BANDWIDTH = 8             # REMB, or the fixed part of transport-cc
    IDLE_STATUSES = 2              # of transport-cc, that tell nothing new, for one unit
    OFFSET_STEP_US = 100           # how fast, per SR, the clock offset may grow to follow drift


cdef void receive_rtcp(Engine* engine, Transport* transport, const uint8_t* data, uint32_t length,
                       uint64_t now_us) noexcept nogil:
    cdef RtcpBlock block
    cdef uint32_t cursor = 0
    cdef uint32_t left = COMPOUND_WORK
    cdef bint malformed = False
    while rtcp_next(data, length, &cursor, &block, &malformed):
        if not afford(&left, WORK_BLOCK) or not receive_block(engine, transport, &block, &left, now_us):
            drop(engine, DROP_RTCP_TOO_MUCH)
            return
    if malformed:
        drop(engine, DROP_RTCP_MALFORMED)


cdef inline bint afford(uint32_t* left, uint32_t units) noexcept nogil:
    if left[0] < units:
        return False
    left[0] -= units
    return True


cdef bint receive_block(Engine* engine, Transport* transport, const RtcpBlock* block, uint32_t* left,
                        uint64_t now_us) noexcept nogil:
    """Take work from the compound packet's budget; False when less is left."""
    if block.packet_type == RTCP_SR or block.packet_type == RTCP_RR:
        return receive_report(engine, transport, block, left, now_us)
    if block.packet_type == RTCP_RTPFB and block.count == FMT_NACK:
        return receive_nack(engine, transport, block, left, now_us)
    if block.packet_type == RTCP_RTPFB and block.count == FMT_TRANSPORT_CC:
        return receive_transport_cc(engine, transport, block, left, now_us)
    if block.packet_type == RTCP_PSFB and block.count == FMT_AFB:
        if not afford(left, WORK_BANDWIDTH):
            return False
        bandwidth_remb(engine, transport, block, now_us)
    elif block.packet_type == RTCP_PSFB and (block.count == FMT_PLI or block.count == FMT_FIR):
        return receive_keyframe_request(engine, transport, block, left, now_us)
    elif block.packet_type == RTCP_XR:
        if not afford(left, block.length // 12):
            return False
        receive_extended_report(engine, transport, block, now_us)
    return True


cdef bint receive_transport_cc(Engine* engine, Transport* transport, const RtcpBlock* block, uint32_t* left,
                               uint64_t now_us) noexcept nogil:
    """Read transport-cc feedback: new statuses are bounded by the packets sent, received ones by its bytes."""
    cdef uint32_t idle, before
    if not afford(left, WORK_BANDWIDTH):
        return False
    idle = before = left[0] * IDLE_STATUSES
    if not bandwidth_feedback(engine, transport, block, &idle, now_us):
        drop(engine, DROP_RTCP_MALFORMED)
    left[0] -= (before - idle) // IDLE_STATUSES
    return before == 0 or idle != 0


cdef Consumer* consumer_by_ssrc(Engine* engine, Transport* transport, uint32_t ssrc) noexcept nogil:
    cdef uint32_t index = table_get(&engine.outbound, ssrc_key(transport_index(engine, transport), ssrc))
    return NULL if index == NO_VALUE else &engine.consumers[index]


cdef bint receive_report(Engine* engine, Transport* transport, const RtcpBlock* block, uint32_t* left,
                         uint64_t now_us) noexcept nogil:
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
        if not afford(left, WORK_ITEM):
            return False
        rtcp_report_block(block, i, &report)
        consumer = consumer_by_ssrc(engine, transport, report.ssrc)
        if consumer != NULL and report.ssrc == consumer.ssrc:
            if sender_receiver_report(&consumer.sender, &report, wall_us(engine, now_us)):
                tell_score(engine, consumer, now_us)
    return True


cdef void follow_clock(Engine* engine, Transport* transport, uint64_t ntp, uint64_t now_us) noexcept nogil:
    """Follow the peer's clock: ours minus theirs, by the least delayed SR; a slow rise is allowed for drift."""
    cdef int64_t offset
    if ntp >> 32 < 2208988800ULL:
        return                     # not a wall clock: before 1970
    offset = <int64_t>(wall_us(engine, now_us) - us_from_ntp(ntp))
    if not transport.has_clock_offset or offset < transport.clock_offset_us:
        transport.has_clock_offset = True
        transport.clock_offset_us = offset
    elif offset > transport.clock_offset_us + OFFSET_STEP_US:
        transport.clock_offset_us += OFFSET_STEP_US


cdef bint receive_nack(Engine* engine, Transport* transport, const RtcpBlock* block, uint32_t* left,
                       uint64_t now_us) noexcept nogil:
    cdef uint32_t sender_ssrc, media_ssrc, i, bit
    cdef uint16_t packet_id, bitmask
    cdef Consumer* consumer
    if not rtcp_feedback_ssrcs(block, &sender_ssrc, &media_ssrc):
        return True
    consumer = consumer_by_ssrc(engine, transport, media_ssrc)
    if consumer == NULL:
        return True
    consumer.sender.nack_count += 1
    for i in range(rtcp_nack_count(block)):
        rtcp_nack_item(block, i, &packet_id, &bitmask)
        for bit in range(17):
            if bit != 0 and not bitmask & (1 << (bit - 1)):
                continue
            if not afford(left, WORK_NACKED):
                return False
            consumer.sender.nack_packet_count += 1
            repeat_packet(engine, consumer, <uint16_t>(packet_id + bit), now_us)
    return True


cdef bint receive_keyframe_request(Engine* engine, Transport* transport, const RtcpBlock* block, uint32_t* left,
                                   uint64_t now_us) noexcept nogil:
    cdef uint32_t sender_ssrc, media_ssrc, i
    cdef Consumer* consumer
    if not rtcp_feedback_ssrcs(block, &sender_ssrc, &media_ssrc):
        return True
    if block.count == FMT_PLI:
        if not afford(left, WORK_ITEM):
            return False
        consumer = consumer_by_ssrc(engine, transport, media_ssrc)
        if consumer != NULL:
            consumer.sender.pli_count += 1
            demand_current(engine, consumer, now_us)
        return True
    for i in range(rtcp_fir_count(block)):
        if not afford(left, WORK_ITEM):
            return False
        consumer = consumer_by_ssrc(engine, transport, rtcp_fir_ssrc(block, i))
        if consumer != NULL:
            consumer.sender.fir_count += 1
            demand_current(engine, consumer, now_us)
    return True


cdef void demand_current(Engine* engine, Consumer* consumer, uint64_t now_us) noexcept nogil:
    if consumer.video and not consumer.paused and consumer.current >= 0:
        demand_keyframe(engine, &engine.streams[consumer.producer * MAX_ENCODINGS + <uint32_t>consumer.current], now_us)


cdef void receive_extended_report(Engine* engine, Transport* transport, const RtcpBlock* block,
                                  uint64_t now_us) noexcept nogil:
    """Read an XR (RFC 3611): the peer's reference time, to be answered, and the delay since ours for a round trip."""
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
